// Planning a dump of a machine whose VMCOREINFO lies and whose page array is damaged: it may keep too much, it may not
// throw, hang, or leave out frames that are no RAM.
import assert from 'node:assert/strict'
import { VmcoreInfo } from '../../src/core/debuginfo/vmcoreinfo.ts'
import { dumpPages } from '../../src/host/capture/dump_pages.ts'
import { type DumpPlan, planDump } from '../../src/host/capture/dump_plan.ts'
import { BLOCK_BYTES, BLOCK_PFNS, memoryBlocks } from '../../src/host/capture/frame_blocks.ts'
import { KernelMemory } from '../../src/host/capture/kernel_memory.ts'
import { bitmapOf } from '../../src/host/capture/page_bitmap.ts'
import { popcount } from '../../src/core/base/bits.ts'
import { fuzz } from '../support/fuzz.ts'
import { mutate, type Random } from '../support/mutate.ts'
import { FRAMES, PageArrayMachine, PFN_END } from '../support/page_array_recipe.ts'
import { addFacts } from '../support/page_facts_recipe.ts'

const RECIPE = `
  0x140-0x14f absent
  0x600-0x6ff lru
  0x700-0x7ff anon lru swapbacked
  0x800-0x9ff compound hugetlb
  0xa00-0xbff buddy 9
  0xc00-0xdff slab
`
const ERAS = ['5.10', '6.6', '6.12'] as const
const MACHINES = ERAS.flatMap((era) =>
  [true, false].map((hasFacts) => {
    const machine = new PageArrayMachine(era, RECIPE)
    if (hasFacts) addFacts(machine, era, { hugePages: 1, counters: { NR_FREE_PAGES: 512 } })
    return machine
  }),
)
const NUMBERS = [
  '0',
  '-1',
  '1',
  '3',
  '64',
  '4095',
  '65537',
  '4294967295',
  '99999999999',
  'ffffffff81000000',
  '0x7fffffffffffffff',
  'x',
  '',
]

/** One to four lines gone, doubled or with another number. */
function lie(text: string, random: Random): string {
  const lines = text.split('\n')
  for (let i = random.below(4); i >= 0; i--) {
    const at = random.below(lines.length)
    const [key = ''] = (lines[at] ?? '').split('=')
    const kind = random.below(4)
    if (kind === 0) lines.splice(at, 1)
    else if (kind === 1)
      lines[at] = `${key}=${(lines[random.below(lines.length)] ?? '').split('=')[1] ?? ''}`
    else lines[at] = `${key}=${random.pick(NUMBERS)}`
  }
  return lines.join('\n')
}

function plan(machine: PageArrayMachine, random: Random): DumpPlan {
  const dump = machine.dump(random.below(4) === 0 ? [FRAMES.pageArray + random.below(64)] : [])
  const info = VmcoreInfo.parse(dump.vmcoreinfo ?? new Uint8Array())
  const pages = dumpPages(dump)
  const memory = new KernelMemory(dump, pages, info)
  return planDump(
    { info, pages, memory, littleEndian: true },
    {
      level: random.below(32),
      pageOrder: random.pick(['priority', 'pfn'] as const),
      keepAll: false,
      store: undefined,
    },
  )
}

/** Every dumped frame is in one pass, and is RAM. */
function check({ dumped, passes }: DumpPlan): void {
  const ram = memoryBlocks(
    bitmapOf(
      [
        { start: 0, end: 0x140 },
        { start: 0x150, end: PFN_END },
      ],
      PFN_END,
    ),
    PFN_END,
  )
  const [bits, allowed, selected, all] = Array.from(
    { length: 4 },
    () => new Uint8Array(BLOCK_BYTES),
  )
  if (!bits || !allowed || !selected || !all) return
  let total = 0
  for (let first = 0; first < PFN_END; first += BLOCK_PFNS) {
    dumped.load(bits, first)
    ram.load(allowed, first)
    total += popcount(bits)
    assert.ok(bits.every((byte, i) => (byte & ~(allowed[i] ?? 0)) === 0))
    all.fill(0)
    for (const pass of passes) {
      pass.select(selected, first)
      selected.forEach((byte, i) => {
        const chosen = byte & (bits[i] ?? 0)
        assert.equal((all[i] ?? 0) & chosen, 0, 'no frame twice')
        all[i] = (all[i] ?? 0) | chosen
      })
    }
    assert.equal(Buffer.compare(all, bits), 0, 'each frame is in a pass')
  }
  assert.equal(total, dumped.total)
}

fuzz('plans of machines whose VMCOREINFO lies', {}, (random) => {
  const machine = random.pick(MACHINES)
  const { vmcoreinfo } = machine
  machine.vmcoreinfo = lie(vmcoreinfo, random)
  try {
    check(plan(machine, random))
  } finally {
    machine.vmcoreinfo = vmcoreinfo
  }
})

fuzz('plans of machines whose page array, tables or sections are damaged', {}, (random) => {
  const machine = random.pick(MACHINES)
  const [frame, count] = random.pick([
    [FRAMES.pageArray, 64],
    [FRAMES.tables, 32],
    [FRAMES.section, 3],
    [FRAMES.image, 0x60],
  ] as const)
  const part = machine.memory.subarray(frame * 4096, (frame + count) * 4096)
  const before = part.slice()
  part.set(mutate(before, random).subarray(0, part.length))
  try {
    check(plan(machine, random))
  } finally {
    part.set(before)
  }
})
