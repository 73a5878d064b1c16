// What a program knows of symbols, types and variables, and what it says when parts of the dump are missing.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { KernelBuilder } from '../../../test/support/kernel_builder.ts'
import { mkelf } from '../../../test/support/mkelf.ts'
import { NotFoundError } from '../base/errors.ts'
import { openElf } from '../dump/elf.ts'
import { locateKernel } from '../dump/locate_kernel.ts'
import { memorySource } from '../io/memory_source.ts'
import { ModuleMap, type ModuleTables } from './module_tables.ts'
import { Program } from './program.ts'

const C = `
  typedef unsigned int u32;
  typedef struct { int counter; } atomic_t;
  struct list_head { struct list_head *next, *prev; };
  union word { long all; char bytes[8]; };
  enum system_states { BOOTING, RUNNING };
  struct rq { int nr_running; u32 clock; };
  struct task { const char *name; unsigned long flags; };
  percpu struct rq runqueues;
`
const kernel = new KernelBuilder(C)
kernel.function('do_panic', 0x40)
kernel.global('system_state', 'enum system_states', 'RUNNING')
kernel.global('modules', 'struct list_head')
kernel.global('other', 'long', 5)
kernel.symbol('runqueues', 'A', 0x1000n)
const program = kernel.build()

test('symbols are found by name and by address', () => {
  const start = program.symbol('do_panic')
  assert.equal(program.symbolize(start), 'do_panic')
  assert.equal(program.symbolize(start + 0x12n), 'do_panic+0x12')
  assert.equal(program.symbolize(0xffff_c900_0000_0000n), undefined)
  assert.equal(program.hasSymbol('do_panic'), true)
  assert.equal(program.hasSymbol('nothing'), false)
  assert.throws(() => program.symbol('nothing'), { name: 'NotFoundError', kind: 'symbol' })
  assert.deepEqual(program.problems, [])
})

test('types are known by the words a person uses', () => {
  const sizes = [
    'struct task',
    'task',
    'union word',
    'enum system_states',
    'u32',
    'unsigned',
    'unsigned long',
    'long',
    'char',
    'void *',
    'struct task *',
    'int [3]',
    'struct rq [2][3]',
    'const char *',
    'u32 * [4]',
    '  struct   task  *  ',
  ]
  assert.deepEqual(
    sizes.map((name) => program.sizeof(name)),
    [16, 16, 8, 4, 4, 4, 8, 8, 1, 8, 8, 12, 48, 8, 32, 8],
  )
})

test('names that are no types are not found', () => {
  for (const name of [
    '',
    ' ',
    'struct',
    'struct nothing',
    'union task',
    '*',
    '[3]',
    'task)',
    'constructor',
    '__proto__',
    'int [',
  ]) {
    assert.equal(program.hasType(name), false, name)
    assert.throws(() => program.type(name), NotFoundError)
  }
})

test('a type name of many blanks is parsed in a moment', () => {
  const begin = performance.now()
  assert.equal(program.hasType(`struct${' '.repeat(50_000)}task${' '.repeat(50_000)}x`), false)
  assert.ok(performance.now() - begin < 500)
})

test('an offset is that of the first member that exists', () => {
  assert.equal(program.offsetof('struct task', 'flags'), 8)
  assert.equal(program.offsetof('struct task', 'newest', 'flags'), 8)
  assert.throws(() => program.offsetof('struct task', 'newest'), {
    message: 'member not found: struct task has no newest',
  })
  assert.throws(() => program.offsetof('u32', 'x'), NotFoundError)
})

test('variables have the type our table, or the kernel, knows', () => {
  assert.equal(program.object('system_state').enumName(), 'RUNNING')
  assert.equal(program.findGlobalType('runqueues'), program.type('struct rq'))
  assert.equal(program.object('other', 'long').number(), 5)
  assert.throws(() => program.object('other'), { message: 'type not found: of variable other' })
  assert.throws(() => program.object('nothing'), { kind: 'symbol' })
})

test('a symbol with the name of something JavaScript has is no type', () => {
  for (const name of ['constructor', 'toString', '__proto__'])
    assert.equal(program.findGlobalType(name), undefined)
})

test('a dump without VMCOREINFO is said to have none', () => {
  assert.throws(
    () => new Program(openElf(memorySource(mkelf('segment 0x1000 0x1000'), 'vmcore'))),
    {
      message: 'vmcore: offset 0x0: dump has no VMCOREINFO note',
    },
  )
})

test('of a dump whose memory was searched for VMCOREINFO the outcome is told', () => {
  const dump = openElf(memorySource(mkelf('segment 0x1000 0x1000'), 'vmcore'))
  assert.throws(() => new Program(locateKernel(dump)), {
    message:
      'vmcore: offset 0x0: dump has no VMCOREINFO note, and none in its memory leads to a kernel',
  })
})

test('a machine that is not known is named', () => {
  const dump = openElf(memorySource(mkelf('machine 7\nvmcoreinfo A=1\nsegment 0x1000 0x1000')))
  assert.throws(() => new Program(dump), {
    message: /^not supported: dumps of ELF machine 7 \(supported: .*x86_64/,
  })
})

test('a dump whose kernel is missing opens; problems say what is missing', () => {
  const dump = openElf(memorySource(mkelf('vmcoreinfo OSRELEASE=6.1.0\nsegment 0x1000 0x1000')))
  const empty = new Program(dump)
  assert.equal(empty.info.osrelease, '6.1.0')
  assert.equal(empty.kernelSymbols, undefined)
  assert.equal(empty.kernelTypes, undefined)
  assert.equal(empty.hasType('struct task'), false)
  assert.equal(empty.orcTable(0xffff_ffff_8100_0000n), undefined)
  assert.match(
    empty.problems[0]?.message ?? '',
    /^vmcoreinfo not found: SYMBOL\(kallsyms_num_syms\)$/,
  )
})

test('the module of an address is found among many, and between them none is', () => {
  const none = (): undefined => undefined
  const modules: ModuleTables[] = Array.from({ length: 300 }, (_, i) => ({
    name: `m${i}`,
    ranges: [
      { start: 0xffff_ffff_c000_0000n + BigInt(((i * 7) % 300) * 0x4000), size: 0x1000 },
      { start: 0xffff_ffff_e000_0000n + BigInt(i * 0x2000), size: 0x800 },
    ],
    symbols: none,
    types: none,
    orc: none,
  }))
  const map = new ModuleMap(modules)
  for (const module of modules) {
    for (const { start, size } of module.ranges) {
      assert.equal(map.find(start), module)
      assert.equal(map.find(start + BigInt(size) - 1n), module)
      assert.equal(map.find(start + BigInt(size)), undefined)
    }
  }
  assert.equal(map.find(0n), undefined)
  assert.equal(map.find(0xffff_ffff_bfff_ffffn), undefined)
  assert.equal(new ModuleMap([]).find(0n), undefined)
})
