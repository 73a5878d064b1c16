// A Source that reads its parent in large blocks and keeps the recent ones: dump pages are small and come in runs.
import { HostError } from '../base/errors.ts'
import { LruMap } from '../base/lru.ts'
import type { Source } from './source.ts'

const BLOCK_SIZE = 64 * 1024
const BLOCK_LIMIT = 128

/**
 * Cache `parent` in 64 KiB blocks, 8 MiB at most. Reads of a block or more bypass the cache.
 *
 * @returns the parent itself if it is live
 */
export function blockCache(parent: Source, blockSize = BLOCK_SIZE, limit = BLOCK_LIMIT): Source {
  if (parent.isLive) return parent
  const blocks = new LruMap<number, Uint8Array>(limit)
  let spare: Uint8Array | undefined

  const loadBlock = (index: number): Uint8Array => {
    const cached = blocks.get(index)
    if (cached) return cached
    const buffer = spare ?? new Uint8Array(blockSize)
    spare = undefined
    const length = parent.read(index * blockSize, buffer)
    const block = length === blockSize ? buffer : buffer.subarray(0, length)
    const dropped = blocks.set(index, block)
    if (dropped?.length === blockSize) spare = dropped
    return block
  }

  /** Of a block with a hole (old memory, a bad sector) what is readable is read as it is asked for. */
  const tryBlock = (index: number): Uint8Array | undefined => {
    try {
      return loadBlock(index)
    } catch (error) {
      if (error instanceof HostError) return undefined
      throw error
    }
  }

  return {
    name: parent.name,
    size: parent.size,
    read(offset, into) {
      // Offsets come from the file's headers: beyond the end there is nothing to ask the parent for.
      if (!(offset >= 0 && offset < parent.size)) return 0
      if (into.length >= blockSize) return parent.read(offset, into)
      let done = 0
      while (done < into.length) {
        const at = offset + done
        const index = Math.floor(at / blockSize)
        const block = tryBlock(index)
        if (!block) return done + parent.read(at, into.subarray(done))
        const from = at - index * blockSize
        // The end; or bytes that a cut file lost, and others behind them.
        if (from >= block.length) return done + parent.read(at, into.subarray(done))
        const part = block.subarray(from, Math.min(block.length, from + into.length - done))
        into.set(part, done)
        done += part.length
      }
      return done
    },
    [Symbol.dispose]() {
      blocks.clear()
      parent[Symbol.dispose]()
    },
  }
}
