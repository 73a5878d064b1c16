// Walks over page tables built by test/support/page_tables.ts; call instructions as assemblers encode them.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PageTables } from '../../../test/support/page_tables.ts'
import { FaultError } from '../base/errors.ts'
import { VmcoreInfo } from '../debuginfo/vmcoreinfo.ts'
import type { Translator } from './arch.ts'
import { x86_64 } from './x86_64.ts'

const PHYS_BASE = 0x40_0000
const VMALLOC = 0xffff_c900_0000_0000n
const DIRECT = 0xffff_8880_0000_0000n

function translatorOf(tables: PageTables, info = '', headerBase?: number): Translator {
  const root = 0xffff_ffff_8000_0000n + BigInt(tables.root - PHYS_BASE)
  const text = `SYMBOL(init_top_pgt)=${root.toString(16)}\nNUMBER(phys_base)=${PHYS_BASE}\n${info}`
  return x86_64.createTranslator({
    info: new VmcoreInfo(text),
    physBase: headerBase,
    physicalEnd: 2 ** 32,
    readPhysicalWords(physical, out) {
      const view = tables.frames.get(Math.floor(physical / 4096) * 4096)
      if (!view) throw new FaultError(BigInt(physical), 'physical', 'excluded')
      out[0] = view.getUint32(physical % 4096, true)
      out[1] = view.getUint32((physical % 4096) + 4, true)
    },
  })
}

const noTranslation = { name: 'FaultError', space: 'virtual', reason: 'no-translation' }

for (const levels of [4, 5] as const) {
  const info = levels === 5 ? 'NUMBER(pgtable_l5_enabled)=1\n' : ''
  const vmalloc = levels === 5 ? 0xffa0_0000_0000_0000n : VMALLOC

  test(`${levels}-level tables: pages of 4 KiB, 2 MiB and 1 GiB translate to the byte`, () => {
    const tables = new PageTables({ levels })
    tables.map(vmalloc, 0x12_3000)
    tables.map(vmalloc + 0x1000n, 0xf_ffff_f000)
    tables.map(vmalloc + 0x20_0000n, 0x8000_0000, { size: 0x20_0000 })
    tables.map(vmalloc + 0x4000_0000n, 0x10_4000_0000, { size: 0x4000_0000 })
    const translator = translatorOf(tables, info)
    assert.equal(translator.kernelToPhysical(vmalloc + 0xabcn), 0x12_3abc)
    assert.equal(translator.kernelToPhysical(vmalloc + 0x1fffn), 0xf_ffff_ffff)
    assert.equal(translator.kernelToPhysical(vmalloc + 0x3f_ffffn), 0x801f_ffff)
    assert.equal(translator.kernelToPhysical(vmalloc + 0x7fff_fffen), 0x10_7fff_fffe)
    assert.throws(() => translator.kernelToPhysical(vmalloc + 0x2000n), noTranslation)
    assert.throws(() => translator.kernelToPhysical(vmalloc + 0x8000_0000n), noTranslation)
  })

  test(`${levels}-level tables: user addresses translate by a root of their own`, () => {
    const tables = new PageTables({ levels })
    tables.map(0x5555_5555_4000n, 0x99_9000)
    assert.equal(translatorOf(tables, info).walk(tables.root, 0x5555_5555_4123n), 0x99_9123)
  })

  test(`${levels}-level tables: an address whose upper bits are no sign extension has no translation`, () => {
    const tables = new PageTables({ levels })
    tables.map(vmalloc, 0x12_3000)
    tables.map(0x6b6b_6b6b_6000n, 0x12_3000)
    const translator = translatorOf(tables, info)
    for (const poison of [
      vmalloc & 0x7fff_ffff_ffff_ffffn,
      0x6b6b_6b6b_6b6b_6b6bn,
      0xdead_0000_0000_0100n,
    ]) {
      assert.throws(() => translator.kernelToPhysical(poison), noTranslation)
    }
  })
}

test('the lowest and highest addresses of either half are canonical', () => {
  const tables = new PageTables()
  for (const address of [0n, 0x7fff_ffff_f000n, 0xffff_8000_0000_0000n]) tables.map(address, 0x5000)
  const translator = translatorOf(tables)
  assert.equal(translator.walk(tables.root, 0x7fff_ffff_ffffn), 0x5fff)
  assert.equal(translator.walk(tables.root, 0n), 0x5000)
  assert.equal(translator.walk(tables.root, 0xffff_8000_0000_0000n), 0x5000)
  assert.throws(() => translator.walk(tables.root, 0x8000_0000_0000n), noTranslation)
})

test('the PAT bit of a huge page is no address', () => {
  const tables = new PageTables()
  tables.setEntry(VMALLOC, 2, 0x8000_0000n | 0x1000n | 0x80n | 1n)
  assert.equal(translatorOf(tables).kernelToPhysical(VMALLOC + 5n), 0x8000_0005)
})

test('no-execute, protection key and software bits of an entry are no address', () => {
  const tables = new PageTables()
  tables.setEntry(VMALLOC, 1, 0xfff0_0000_1234_5e63n)
  assert.equal(translatorOf(tables).kernelToPhysical(VMALLOC), 0x1234_5000)
})

test('the bit of memory encryption is taken out at every level', () => {
  const smeMask = 1n << 47n
  const tables = new PageTables({ smeMask })
  tables.map(VMALLOC, 0x12_3000)
  tables.map(VMALLOC + 0x20_0000n, 0x8000_0000, { size: 0x20_0000 })
  const translator = translatorOf(tables, `NUMBER(sme_mask)=${smeMask}\n`)
  assert.equal(translator.kernelToPhysical(VMALLOC + 1n), 0x12_3001)
  assert.equal(translator.kernelToPhysical(VMALLOC + 0x20_0001n), 0x8000_0001)
})

test('pages of PROT_NONE are mapped; their entries hold the inverted address', () => {
  const tables = new PageTables()
  tables.map(0x1000n, 0x12_3000, { protNone: true })
  tables.map(0x20_0000n, 0x8000_0000, { size: 0x20_0000, protNone: true })
  const translator = translatorOf(tables)
  assert.equal(translator.walk(tables.root, 0x1008n), 0x12_3008)
  assert.equal(translator.walk(tables.root, 0x20_0008n), 0x8000_0008)
})

test('a swapped-out page has no translation', () => {
  const tables = new PageTables()
  tables.setEntry(0x1000n, 1, 0xffff_ffff_f000_0002n)
  assert.throws(() => translatorOf(tables).walk(tables.root, 0x1000n), noTranslation)
})

test('a PCID in the root is no address', () => {
  const tables = new PageTables()
  tables.map(0x1000n, 0x12_3000)
  assert.equal(translatorOf(tables).walk(tables.root + 0x801, 0x1000n), 0x12_3000)
})

test('the kernel image needs no tables', () => {
  const translator = translatorOf(new PageTables(), 'NUMBER(KERNEL_IMAGE_SIZE)=1073741824\n')
  assert.equal(translator.kernelToPhysical(0xffff_ffff_8100_0000n), PHYS_BASE + 0x100_0000)
  assert.equal(translator.kernelToPhysical(0xffff_ffff_bfff_ffffn), PHYS_BASE + 0x3fff_ffff)
  assert.throws(() => translator.kernelToPhysical(0xffff_ffff_c000_0000n), noTranslation)
})

test('phys_base of a header does not win over that of VMCOREINFO', () => {
  // QEMU's kdump files have a decimal read as hex there.
  const tables = new PageTables()
  tables.map(VMALLOC, 0x12_3000)
  const translator = translatorOf(tables, '', 0x3_7958_4512)
  assert.equal(translator.kernelToPhysical(0xffff_ffff_8100_0000n), PHYS_BASE + 0x100_0000)
  assert.equal(translator.kernelToPhysical(VMALLOC), 0x12_3000)
})

test('whether VMCOREINFO leaves phys_base open is told', () => {
  assert.equal(x86_64.physBaseStep(new VmcoreInfo('NUMBER(phys_base)=0')), undefined)
  assert.equal(x86_64.physBaseStep(new VmcoreInfo('SYMBOL(phys_base)=0')), 0x20_0000)
})

test('the direct map needs no tables once its base is known, and ends with memory', () => {
  const tables = new PageTables()
  tables.map(DIRECT + 2n ** 32n, 0x7000)
  const translator = translatorOf(tables)
  assert.throws(() => translator.kernelToPhysical(DIRECT), noTranslation)
  translator.setDirectMap(DIRECT)
  assert.equal(translator.kernelToPhysical(DIRECT + 0x1234_5678n), 0x1234_5678)
  assert.equal(translator.kernelToPhysical(DIRECT + 2n ** 32n + 4n), 0x7004)
  assert.throws(() => translator.kernelToPhysical(DIRECT - 1n), noTranslation)
})

test('a table that cannot be read gives its reason and the address asked for', () => {
  const tables = new PageTables()
  tables.setEntry(VMALLOC, 3, 0x7777_7000n | 1n)
  assert.throws(() => translatorOf(tables).kernelToPhysical(VMALLOC + 8n), {
    space: 'virtual',
    reason: 'excluded',
    address: VMALLOC + 8n,
  })
})

test('without a root nothing translates but the image', () => {
  const translator = x86_64.createTranslator({
    info: new VmcoreInfo(''),
    physBase: 0x20_0000,
    physicalEnd: 2 ** 32,
    readPhysicalWords: () => assert.fail('reads no table'),
  })
  assert.equal(translator.kernelToPhysical(0xffff_ffff_8000_0000n), 0x20_0000)
  assert.throws(() => translator.kernelToPhysical(VMALLOC), noTranslation)
})

const CALLS: readonly (readonly [instruction: string, hex: string])[] = [
  ['call *%rax', 'ff d0'],
  ['call *%r11', '41 ff d3'],
  ['call *(%rax)', 'ff 10'],
  ['call *(%rsp)', 'ff 14 24'],
  ['call *0x18(%rbx)', 'ff 53 18'],
  ['call *0x18(%r12)', '41 ff 54 24 18'],
  ['call *0x118(%rbx)', 'ff 93 18 01 00 00'],
  ['call *0x118(%r12)', '41 ff 94 24 18 01 00 00'],
  ['call *0x2000(%rip)', 'ff 15 00 20 00 00'],
  ['call *-0x7e000000(,%rax,8)', 'ff 14 c5 00 00 00 82'],
  ['call *%gs:0x10', '65 ff 14 25 10 00 00 00'],
]
for (const [instruction, hex] of CALLS) {
  test(`'${instruction}' is an indirect call, at whatever follows`, () => {
    const code = bytesOf(`0f 1f 44 00 00 ${hex}`)
    assert.equal(x86_64.callBefore(code, 0xffff_ffff_8100_0100n), 'indirect')
  })
}

test('a direct call gives its target, forwards and backwards', () => {
  const at = 0xffff_ffff_8100_0100n
  assert.equal(x86_64.callBefore(bytesOf('90 90 e8 00 10 00 00'), at), at + 0x1000n)
  assert.equal(x86_64.callBefore(bytesOf('90 90 e8 00 ff ff ff'), at), at - 0x100n)
})

const OTHERS: readonly (readonly [instruction: string, hex: string])[] = [
  ['jmp *%rax', 'ff e0'],
  ['push (%rax)', 'ff 30'],
  ['ret', 'c3'],
  ['mov %rax,%rbx', '48 89 c3'],
  ['call *%rax, and a nop', 'ff d0 90'],
  ['nothing', ''],
]
for (const [instruction, hex] of OTHERS) {
  test(`'${instruction}' is no call`, () => {
    assert.equal(x86_64.callBefore(bytesOf(hex), 0xffff_ffff_8100_0100n), undefined)
  })
}

test('the code segment tells user mode', () => {
  assert.equal(x86_64.isUserMode({ cs: 0x33n }), true)
  assert.equal(x86_64.isUserMode({ cs: 0x10n }), false)
})

test('pt_regs is as long as its members', () => {
  assert.equal(x86_64.ptRegs.names.length * 8, x86_64.ptRegs.size)
})

function bytesOf(hex: string): Uint8Array {
  return Uint8Array.from(hex.match(/[0-9a-f]{2}/g) ?? [], (pair) => Number.parseInt(pair, 16))
}

for (const levels of [4, 5] as const) {
  test(`${levels}-level tables: walkLevels() ends where walk() does, and tells the way`, () => {
    const tables = new PageTables({ levels })
    tables.map(0x5555_5555_4000n, 0x99_9000)
    tables.map(0x5555_5560_0000n, 0x8000_0000, { size: 0x20_0000 })
    tables.map(0x7000_0000_0000n, 0x12_3000, { protNone: true })
    const translator = translatorOf(tables, levels === 5 ? 'NUMBER(pgtable_l5_enabled)=1\n' : '')
    for (const address of [0x5555_5555_4123n, 0x5555_5560_1234n, 0x7000_0000_0fffn]) {
      const { entries, target, coverage } = translator.walkLevels(tables.root | 5, address)
      assert.equal(target, translator.walk(tables.root, address))
      assert.equal(coverage, translator.lastPageSize)
      assert.equal(entries.length, levels - (coverage === 4096 ? 0 : 1))
    }
  })
}

test('what is no address of a tree has no entries there', () => {
  const tables = new PageTables()
  const trace = translatorOf(tables).walkLevels(tables.root, 0x6b6b_6b6b_6b6b_6b6bn)
  assert.deepEqual(trace, { entries: [], target: undefined, coverage: 2 ** 47 })
})

test('code refers to an address by four bytes that are extended, or by the distance to it', () => {
  const start = 0xffff_ffff_c000_0000n
  const lock = 0xffff_ffff_c000_2160n
  // mov $0xffffffffc0002160,%rdi; lea 0x2159(%rip),%rdi
  const absolute = Uint8Array.of(0x48, 0xc7, 0xc7, 0x60, 0x21, 0x00, 0xc0)
  const relative = Uint8Array.of(0x48, 0x8d, 0x3d, 0x59, 0x21, 0x00, 0x00)
  for (const code of [absolute, relative]) {
    assert.equal(x86_64.refersTo(code, start, lock), true)
    assert.equal(x86_64.refersTo(code, start, lock + 8n), false)
  }
  assert.equal(x86_64.refersTo(absolute, start, 0xffff_8880_c000_2160n), false)
})
