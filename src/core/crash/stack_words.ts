// Words of a stack as text: plain, symbols named (`bt -r`), or all that is known of them (`bt -F`, `bt -FF`).
import { attempt } from '../base/errors.ts'
import { formatAddress } from '../base/hex.ts'
import { slabObjectInfo } from '../kernel/slab.ts'
import { slabCacheName } from '../kernel/slab_cache.ts'
import type { Program } from '../program/program.ts'

/** How much is said of a word. */
export type WordDetail = 'plain' | 'symbols' | 'symbols and caches' | 'symbols and objects'

/** Name what a word points to; undefined where nothing is known, or nothing is asked. */
export function describeWord(
  program: Program,
  word: bigint,
  detail: WordDetail,
  hex: boolean,
): string | undefined {
  if (detail === 'plain' || !program.arch.isKernelAddress(word)) return undefined
  const symbol = program.symbolAt(word)
  if (symbol) {
    const offset = word - symbol.address
    const plus = offset === 0n ? '' : `+${hex ? '0x' : ''}${offset.toString(hex ? 16 : 10)}`
    return `${symbol.name}${plus}`
  }
  if (detail === 'symbols') return undefined
  const cache = slabCacheNameAt(program, word)
  if (cache === undefined) return undefined
  return detail === 'symbols and objects' ? `[${formatAddress(word)}:${cache}]` : `[${cache}]`
}

/** The slab cache of the object a word points into, as far as the dump says; allocated or not. Any word may look like an address. */
export function slabCacheNameAt(program: Program, word: bigint): string | undefined {
  return attempt(() => {
    const found = slabObjectInfo(program, word)
    return found && slabCacheName(found.cache)
  })
}
