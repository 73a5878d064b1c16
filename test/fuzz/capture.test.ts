// Filtering hostile machines: VMCOREINFO that lies, page tables in rings, sections and page arrays of noise. The dump is
// written, or refused in words; what is written opens again.
import assert from 'node:assert/strict'
import { openDiskdump } from '../../src/core/dump/diskdump.ts'
import type { Dump } from '../../src/core/dump/dump_format.ts'
import { memorySource } from '../../src/core/io/memory_source.ts'
import { runDump } from '../../src/host/capture/engine.ts'
import { fuzz } from '../support/fuzz.ts'
import { MemoryOutput } from '../support/memory_output.ts'
import { mutate, mutateText, type Random } from '../support/mutate.ts'
import {
  FRAMES,
  PAGE_ERAS,
  PageArrayMachine,
  PFN_END,
  type PageEra,
} from '../support/page_array_recipe.ts'

const PAGE_SIZE = 4096
const RECIPE = `
  0x000-0x1ff absent
  0x4d0-0x5ff absent
  0x600-0x60f buddy 4
  0x610-0x613 lru private
  0x614 anon lru swapbacked
  0x615 slab
  0x616 hwpoison
  0x617 offline
  0x620-0x627 compound lru
  0x640-0x647 compound slab
  0x650-0xfff absent`

/** Frames that decide what is dumped: page tables, sections, the page array of the frames above. */
const TELLING: readonly number[] = [
  ...Array.from({ length: 12 }, (_, i) => FRAMES.tables + i),
  FRAMES.section,
  FRAMES.section + 1,
  ...Array.from({ length: 4 }, (_, i) => FRAMES.pageArray + 0x18 + i),
]
const MACHINES = new Map<PageEra, PageArrayMachine>(
  PAGE_ERAS.map((era) => [era, new PageArrayMachine(era, RECIPE)]),
)

/** The machine with some of its frames damaged, some lost, and lies in VMCOREINFO. */
function damagedDump(machine: PageArrayMachine, random: Random): Dump {
  const whole = machine.dump()
  const frames = new Map<number, Uint8Array>()
  for (let count = random.below(4); count > 0; count--) {
    const pfn = random.pick(TELLING)
    const bytes = machine.memory.subarray(pfn * PAGE_SIZE, (pfn + 1) * PAGE_SIZE)
    const used = [...bytes.keys()].filter((at) => at % 64 === 0 && bytes[at] !== 0)
    const hot = used.map((at): [number, number] => [at, at + 64])
    const page = new Uint8Array(PAGE_SIZE)
    page.set(mutate(bytes, random, hot))
    frames.set(pfn, page)
  }
  const isLying = random.below(2) === 0
  const text = isLying ? mutateText(machine.vmcoreinfo, random) : machine.vmcoreinfo
  return {
    ...whole,
    vmcoreinfo: new TextEncoder().encode(text),
    pfnRuns: (what) => whole.pfnRuns(what),
    readPhysical(physical, into) {
      whole.readPhysical(physical, into)
      for (const [pfn, page] of frames) {
        const at = pfn * PAGE_SIZE
        const [start, end] = [
          Math.max(at, physical),
          Math.min(at + PAGE_SIZE, physical + into.length),
        ]
        if (start < end) into.set(page.subarray(start - at, end - at), start - physical)
      }
    },
  }
}

fuzz('filtering of hostile machines', { allocationMax: 20 * 1024 * 1024 }, async (random) => {
  const machine = MACHINES.get(random.pick(PAGE_ERAS))
  assert.ok(machine)
  const output = new MemoryOutput()
  const stats = await runDump({
    dump: damagedDump(machine, random),
    outputs: [output],
    level: random.pick([1, 17, 31, 31]),
    codec: 'lzo',
    pageOrder: random.pick(['priority', 'pfn'] as const),
  })
  assert.ok(stats.remainingPages <= PFN_END)
  const dump = openDiskdump(memorySource(output.bytes))
  const page = new Uint8Array(PAGE_SIZE)
  for (const { start } of dump.pfnRuns('present')) dump.readPhysical(start * PAGE_SIZE, page)
})
