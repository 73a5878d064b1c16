// A free function that was given what its allocator has not made: a static variable, the stack, an area of vmalloc. It
// faults on the page that it takes the address for one of. Source: mm/slub.c kfree(), include/linux/mm.h virt_to_page().
import { formatHex } from '../base/hex.ts'
import type { Program } from '../program/program.ts'
import { hex } from './access_text.ts'
import { thingAt, thingText } from './address_text.ts'
import type { Fault } from './fault.ts'
import { byCulprit, functionText } from './frame_text.ts'
import { frameArgument } from './frame_value.ts'
import type { Culprit, Evidence } from './rule.ts'

/** Names, without leading underscores, and which argument is freed. */
const FREES: Readonly<Record<string, number>> = {
  ...{ kfree: 0, kfree_sensitive: 0, kvfree: 0, kvfree_sensitive: 0, kmem_cache_free: 1 },
}

/** What was freed in a wrong way. */
export interface WrongFree {
  readonly title: string
  readonly evidence: Evidence
  readonly next: string
}

/** Say what a free function that faulted was given, if that is no object of a slab. */
export function wrongFree(
  program: Program,
  { frames }: Fault,
  culprit: Culprit | null,
): WrongFree | undefined {
  const [frame] = frames
  const argument = FREES[frame?.name?.replace(/^_+/, '') ?? '']
  if (!frame || argument === undefined) return undefined
  const address = frameArgument(program, frames, 0, argument)
  const thing = address === undefined ? undefined : thingAt(program, address)
  if (address === undefined || !thing || thing.kind === 'slab object' || thing.kind === 'value')
    return undefined
  const text = `${functionText(frame)} was given ${formatHex(address)}, ${thingText(program, address)}`
  return {
    title: `${text}${byCulprit(culprit)}: it cannot free that`,
    evidence: { text, address, command: `kmem ${hex(address)}` },
    next: 'see who has made it: only what kmalloc() and its like return is freed so',
  }
}
