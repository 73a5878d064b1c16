// PG_reserved, a flag whose number VMCOREINFO does not tell and types may be missing: the pages of the kernel image have it and no other.
// It marks what was reserved at boot and so what a reader needs early: the per-CPU areas above all.
import type { MappedRun } from '../../core/arch/arch.ts'
import type { FilterInput } from './page_filter.ts'

/** Frames of the image looked at. Freed ones among them (init sections) carry other flags. */
const SAMPLES = 256
/** Flags proper are in the lower bits of the word; zone, node and section in the upper half. */
const FLAG_BITS = 24

/** Find the mask of PG_reserved if the layout lacks it; 0 if the image's pages do not agree. */
export function findReservedFlag(input: FilterInput, image: readonly MappedRun[]): number {
  const { layout, memory, maps } = input
  if (layout.reserved !== 0) return layout.reserved
  const votes = new Map<number, number>()
  const words = new Int32Array(layout.words)
  const bytes = new Uint8Array(words.buffer)
  for (const pfn of sampleFrames(image)) {
    const map = maps.find(({ pfnStart, pfnEnd }) => pfn >= pfnStart && pfn < pfnEnd)
    if (!map) continue
    const address = map.address + BigInt((pfn - map.pfnStart) * layout.size)
    if (memory.readLenient(address, bytes) > 0) continue
    const flags = (words[layout.flags] as number) & (2 ** FLAG_BITS - 1)
    votes.set(flags, (votes.get(flags) ?? 0) + 1)
  }
  let winner = 0
  for (const [flags, count] of votes) if (count > (votes.get(winner) ?? 0)) winner = flags
  const isSingleFlag = winner !== 0 && (winner & (winner - 1)) === 0
  return isSingleFlag ? winner : 0
}

function* sampleFrames(image: readonly MappedRun[]): Generator<number> {
  const total = image.reduce((sum, run) => sum + run.count, 0)
  const step = Math.max(1, Math.floor(total / SAMPLES))
  for (const { pfn, count } of image) for (let i = 0; i < count; i += step) yield pfn + i
}
