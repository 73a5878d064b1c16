// Modules of two layouts, their symbol tables, types and unwind tables; then lists and tables that are damaged.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { btfOfC } from '../../../test/support/c_declarations.ts'
import type { Value } from '../../../test/support/encode_value.ts'
import { KernelBuilder } from '../../../test/support/kernel_builder.ts'
import { limitAllocations } from '../../../test/support/limit_allocations.ts'
import { mkorc } from '../../../test/support/mkorc.ts'
import type { Program } from '../program/program.ts'
import { forEachModule, loadModules, moduleRanges } from './module.ts'

const COMMON = `
  struct list_head { struct list_head *next, *prev; };
  struct mod_kallsyms { void *symtab; unsigned int num_symtab; char *strtab; char *typetab; };
  struct mod_arch_specific { unsigned int num_orcs; int *orc_unwind_ip; void *orc_unwind; };
  struct orc_entry { short sp_offset; short bp_offset; unsigned sp_reg:4; unsigned bp_reg:4; unsigned type:3; unsigned signal:1; };
  struct btf { void *data; unsigned int data_size; };
  struct btf_module { struct list_head list; struct module *module; struct btf *btf; };
  struct fruit { int taste; };`
/** v6.1 and before; v6.4 and after. */
const LAYOUTS = {
  'core_layout and init_layout': `${COMMON}
    struct module_layout { void *base; unsigned int size; };
    struct module { struct list_head list; char name[56]; struct module_layout core_layout, init_layout;
      struct mod_kallsyms *kallsyms; struct mod_arch_specific arch; };`,
  'an array of module_memory': `${COMMON}
    struct module_memory { void *base; unsigned int size; };
    struct module { struct list_head list; char name[56]; struct module_memory mem[3];
      struct mod_kallsyms *kallsyms; struct mod_arch_specific arch; };`,
}
type LayoutName = keyof typeof LAYOUTS

const TEXT = 0xffff_8880_0200_0000n

interface ModuleRecipe {
  readonly name: string
  /** Name, offset in text, nm letter; section 0 leaves a symbol undefined. */
  readonly symbols?: readonly (readonly [name: string, offset: number, letter: string])[]
  readonly count?: number
  readonly c?: string
}

function kernelOf(
  layout: LayoutName,
  modules: readonly ModuleRecipe[],
  damage?: (kernel: KernelBuilder, modules: readonly bigint[]) => void,
): Program {
  const kernel = new KernelBuilder(LAYOUTS[layout])
  const base = btfOfC(LAYOUTS[layout])
  const head = kernel.global('modules', 'struct list_head')
  const btfHead = kernel.global('btf_modules', 'struct list_head')
  const placed = modules.map((recipe, i) =>
    placeModule(kernel, layout, recipe, TEXT + BigInt(i * 0x10000)),
  )
  link(kernel, head, placed)
  const btfs = modules.flatMap(({ c }, i) => {
    if (c === undefined) return []
    const bytes = btfOfC(c, { base }).bytes
    const data = kernel.allocate(bytes.length)
    kernel.image.write(data, bytes)
    const btf = kernel.place('struct btf', { data, data_size: bytes.length })
    return [kernel.place('struct btf_module', { module: placed[i] ?? 0n, btf })]
  })
  link(kernel, btfHead, btfs)
  damage?.(kernel, placed)
  return kernel.build({ loadModules })
}

function link(kernel: KernelBuilder, head: bigint, nodes: readonly bigint[]): void {
  const ring = [head, ...nodes]
  ring.forEach((node, i) => kernel.write(node, 8, ring[(i + 1) % ring.length] ?? 0n))
}

function placeModule(
  kernel: KernelBuilder,
  layout: LayoutName,
  { name, symbols = [], count }: ModuleRecipe,
  text: bigint,
): bigint {
  const strtab = `\0${symbols.map(([symbol]) => symbol).join('\0')}\0`
  const strings = kernel.allocate(strtab.length)
  kernel.image.write(strings, new TextEncoder().encode(strtab))
  const symtab = kernel.allocate(symbols.length * 24 + 24)
  const typetab = kernel.allocate(symbols.length + 1)
  symbols.forEach(([symbol, offset, letter], i) => {
    const at = symtab + BigInt(i * 24)
    kernel.write(at, 4, strtab.indexOf(`\0${symbol}\0`) + 1)
    kernel.write(at + 6n, 2, letter === 'U' ? 0 : 5)
    kernel.write(at + 8n, 8, text + BigInt(offset))
    kernel.write(at + 16n, 8, 0x40)
    kernel.write(typetab + BigInt(i), 1, letter)
  })
  const kallsyms = kernel.place('struct mod_kallsyms', {
    symtab,
    num_symtab: count ?? symbols.length,
    strtab: strings,
    typetab,
  })
  const ips = kernel.allocate(16)
  const entries = kernel.allocate(16)
  const orc = mkorc(`${text.toString(16)} sp+8 - call`, 3, ips)
  kernel.image.write(ips, orc.ips)
  kernel.image.write(entries, orc.entries)
  const memory: Record<LayoutName, Value> = {
    'core_layout and init_layout': { core_layout: { base: text, size: 0x1000 }, init_layout: {} },
    'an array of module_memory': {
      mem: [{ base: text, size: 0x1000 }, { base: text + 0x8000n, size: 0x1000 }, {}],
    },
  }
  return kernel.place('struct module', {
    name,
    kallsyms,
    arch: { num_orcs: 1, orc_unwind_ip: ips, orc_unwind: entries },
    ...(memory[layout] as object),
  })
}

const TWO: readonly ModuleRecipe[] = [
  {
    name: 'apple',
    symbols: [
      ['', 0, 'U'],
      ['printk', 0, 'U'],
      ['bite', 0x10, 't'],
      ['juice', 0x100, 'D'],
    ],
    c: 'struct apple { struct fruit fruit; int seeds; };',
  },
  {
    name: 'pear',
    symbols: [
      ['', 0, 'U'],
      ['bite', 0x20, 'T'],
    ],
  },
]

for (const layout of Object.keys(LAYOUTS) as LayoutName[]) {
  test(`${layout}: names, memory, symbols, types and unwind tables of modules are found`, () => {
    const program = kernelOf(layout, TWO)
    assert.deepEqual(
      program.modules.map(({ name }) => name),
      ['apple', 'pear'],
    )
    const [apple] = forEachModule(program)
    assert.equal(
      moduleRanges(apple ?? assert.fail()).length,
      layout === 'an array of module_memory' ? 2 : 1,
    )
    assert.equal(program.symbolize(TEXT + 0x18n), 'bite+0x8 [apple]')
    assert.equal(program.symbolize(TEXT + 0x10020n), 'bite [pear]')
    assert.equal(program.symbolAt(TEXT + 0x5000n), undefined)
    assert.equal(program.findSymbol('juice')?.address, TEXT + 0x100n)
    assert.equal(
      program.findSymbol('printk'),
      undefined,
      'what a module only refers to is not its own',
    )
    assert.equal(program.sizeof('struct apple'), 8)
    assert.equal(program.offsetof('struct apple', 'fruit'), 0)
    assert.equal(program.orcTable(TEXT + 8n)?.find(TEXT + 8n)?.spReg, 'sp')
    assert.deepEqual(program.problems, [])
  })
}

const LAYOUT = 'an array of module_memory'

test('a list that breaks keeps the modules before the break, and the reason', () => {
  const program = kernelOf(LAYOUT, [...TWO, { name: 'plum' }], (kernel, [, pear = 0n]) => {
    kernel.write(pear, 8, 0xdead_0000_0000_0100n)
  })
  assert.deepEqual(
    program.modules.map(({ name }) => name),
    ['apple', 'pear'],
  )
  assert.match(program.problems[0]?.message ?? '', /0xdead000000000100/)
})

test('a module whose symbol count is absurd costs its symbols only', () => {
  const program = kernelOf(LAYOUT, [
    { ...TWO[0], name: 'apple', count: 0xffff_ffff },
    TWO[1] as ModuleRecipe,
  ])
  assert.equal(program.symbolAt(TEXT + 0x18n), undefined)
  assert.equal(program.symbolize(TEXT + 0x10020n), 'bite [pear]')
  assert.match(program.problems[0]?.message ?? '', /module apple has 4294967295 symbols/)
})

test('a string table without end gives names of bounded length, in a moment', () => {
  const count = 20_000
  const program = kernelOf(LAYOUT, [], (kernel) => {
    const strtab = kernel.allocate(4 * 1024)
    kernel.image.write(strtab, new Uint8Array(4 * 1024).fill(0x61))
    const rows = new DataView(new ArrayBuffer(24 * count))
    for (let i = 0; i < count; i++) {
      rows.setUint32(i * 24, 1 + (i % 2048), true)
      rows.setUint16(i * 24 + 6, 5, true)
    }
    const symtab = kernel.allocate(rows.byteLength)
    kernel.image.write(symtab, new Uint8Array(rows.buffer))
    const typetab = kernel.allocate(count)
    const kallsyms = kernel.place('struct mod_kallsyms', {
      symtab,
      num_symtab: count,
      strtab,
      typetab,
    })
    const mem = [{ base: TEXT, size: 0x100 }]
    link(kernel, kernel.addressOf('modules'), [
      kernel.place('struct module', { name: 'endless', kallsyms, mem }),
    ])
  })
  const begin = performance.now()
  const names = program.modules[0]?.symbols()?.columns.names ?? assert.fail()
  assert.ok(names.length <= count * 512)
  assert.ok(performance.now() - begin < 1000)
})

test('module types that are damaged cost that module only', () => {
  const program = kernelOf(LAYOUT, [{ name: 'apple', c: 'struct apple { int x; };' }], (kernel) => {
    const btf = kernel.place('struct btf', { data: kernel.allocate(64), data_size: 64 })
    const node = kernel.place('struct btf_module', { module: 1n, btf })
    link(kernel, kernel.addressOf('btf_modules'), [node])
  })
  assert.equal(program.hasType('struct apple'), false)
  assert.equal(program.hasType('struct fruit'), true)
})

test('a kernel without modules has none, and says why', () => {
  const program = new KernelBuilder(COMMON).build({ loadModules })
  assert.deepEqual(program.modules, [])
  assert.equal(program.problems.length, 1)
})

test('a name that begins far behind the string table costs nothing but an error', async () => {
  const program = kernelOf('an array of module_memory', [{ name: 'a', symbols: [['f', 0, 't']] }])
  const [module] = Array.from(forEachModule(program))
  const at = module?.pointer('kallsyms.symtab') ?? 0n
  const lying = kernelOf(
    'an array of module_memory',
    [{ name: 'a', symbols: [['f', 0, 't']] }],
    (kernel) => kernel.write(at, 4, 48 * 1024 * 1024),
  )
  await limitAllocations(2 ** 20, 2 ** 22, () => {
    assert.equal(loadModules(lying)[0]?.symbols(), undefined)
  })
  assert.ok(lying.problems.some(({ code }) => code === 'ERR_FAULT'))
})
