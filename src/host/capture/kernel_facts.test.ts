// Facts of a kernel made by recipe: whole, damaged, and absent. And the frames that are the kernel's own.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Random } from '../../../test/support/mutate.ts'
import { FRAMES, PageArrayMachine } from '../../../test/support/page_array_recipe.ts'
import { addFacts } from '../../../test/support/page_facts_recipe.ts'
import { testBit } from '../../core/base/bits.ts'
import { KdumpError } from '../../core/base/errors.ts'
import { VmcoreInfo } from '../../core/debuginfo/vmcoreinfo.ts'
import { dumpPages } from './dump_pages.ts'
import { readKernelCounters } from './kernel_counters.ts'
import { type KernelFacts, readKernelFacts } from './kernel_facts.ts'
import { KernelMemory } from './kernel_memory.ts'
import { BitmapWindow } from './bitmap_window.ts'
import { readPageLayout } from './page_layout.ts'
import { imageFrames, ownFrames } from './protect_kernel.ts'

interface Opened {
  readonly facts: KernelFacts
  readonly memory: KernelMemory
}

function open(machine: PageArrayMachine, lost: readonly number[] = []): Opened {
  const dump = machine.dump(lost)
  const info = VmcoreInfo.parse(dump.vmcoreinfo ?? new Uint8Array())
  const memory = new KernelMemory(dump, dumpPages(dump), info)
  return { facts: readKernelFacts(memory, info), memory }
}

function machineWithFacts(): PageArrayMachine {
  const machine = new PageArrayMachine('6.12', '')
  addFacts(machine, '6.12')
  return machine
}

test('a kernel that does not locate kallsyms has no facts, and that is no problem', () => {
  const { facts } = open(new PageArrayMachine('6.12', ''))
  assert.equal(facts.symbols.size, 0)
  assert.equal(facts.types, undefined)
  assert.deepEqual(facts.problems, [])
  assert.equal(readKernelCounters(facts), undefined)
})

test('lost pages of kallsyms or BTF are a problem, no end', () => {
  const noSymbols = open(machineWithFacts(), [0x210]).facts
  assert.equal(noSymbols.symbols.size, 0)
  assert.deepEqual(
    noSymbols.problems.map(({ name }) => name),
    ['FaultError'],
  )
  const noTypes = open(machineWithFacts(), [0x220]).facts
  assert.ok(noTypes.symbols.size > 0)
  assert.equal(noTypes.types, undefined)
  assert.equal(noTypes.problems.length, 1)
})

test('BTF that is damaged is a problem, no end', () => {
  const machine = machineWithFacts()
  machine.memory.fill(0xff, 0x220 * 4096, 0x220 * 4096 + 64)
  const { facts } = open(machine)
  assert.equal(facts.types, undefined)
  assert.deepEqual(
    facts.problems.map(({ name }) => name),
    ['FormatError'],
  )
})

test('a number of CPUs beyond all machines is corrupt, not hours of work', () => {
  const machine = machineWithFacts()
  new DataView(machine.memory.buffer).setUint32(0x240 * 4096 + 0x20c, 0xffff_ffff, true)
  assert.throws(() => readKernelCounters(open(machine).facts), {
    name: 'CorruptError',
    message: /nr_cpu_ids is 4294967295/,
  })
})

test('whatever is damaged, what comes out is facts or an error with a name', () => {
  const machine = machineWithFacts()
  const start = 0x210 * 4096
  const whole = machine.memory.slice(start, 0x248 * 4096)
  const places = [0x210, 0x211, 0x220, 0x221, 0x240, 0x241]
  const random = new Random(1)
  let failures = 0
  for (let i = 0; i < 2000; i++) {
    for (let n = 0; n < 1 + (i % 8); n++) {
      const at = random.pick(places) * 4096 + random.below(1024)
      machine.memory[at] = random.pick([0, 0xff, random.below(256)])
    }
    try {
      const { facts } = open(machine)
      failures += facts.problems.length
      readPageLayout(new VmcoreInfo(machine.vmcoreinfo), facts.types)
      readKernelCounters(facts)
    } catch (error) {
      assert.ok(error instanceof KdumpError, String(error))
      failures++
    }
    machine.memory.set(whole, start)
  }
  assert.ok(failures > 100, `${failures} failures`)
})

const HOLED = [
  { start: 0, end: FRAMES.text + 1 },
  { start: FRAMES.text + 2, end: 4096 },
]

test("the kernel's own frames are put back, and counted", () => {
  const machine = machineWithFacts()
  const { facts, memory } = open(machine)
  const map = memory.readKernelMap()
  const image = imageFrames(facts, (address) => memory.toPhysical(address), 4096)
  const own = ownFrames({ map, image }, 4096)
  const window = new BitmapWindow({ present: HOLED }, own, 512, () => {})
  // Text, rodata, a stack in vmalloc, the page array, a page table; free memory, and a hole.
  const taken = [FRAMES.text, FRAMES.image + 0x5f, FRAMES.stack, FRAMES.pageArray, FRAMES.tables]
  for (const pfn of [...taken, 0x700]) assert.equal(window.clear(pfn, pfn + 1), 1)
  window.finish()
  assert.equal(window.protectedFrames, taken.length)
  for (const pfn of taken) assert.ok(testBit(window.bits, pfn), `frame 0x${pfn.toString(16)}`)
  assert.equal(testBit(window.bits, 0x700), false)
  assert.equal(testBit(window.bits, FRAMES.text + 1), false)
})

test('of the image only its sections are, not what boot freed between them', () => {
  const { facts, memory } = open(machineWithFacts())
  assert.deepEqual(
    imageFrames(facts, (address) => memory.toPhysical(address), 4096),
    [
      { pfn: FRAMES.text, count: 0x80 },
      { pfn: FRAMES.image, count: 0x60 },
    ],
  )
})
