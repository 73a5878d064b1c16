// BTF compiled from C by test/support/c_declarations.ts, or record by record by mkbtf.ts where it must be damaged.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { btfOfC } from '../../../test/support/c_declarations.ts'
import { BtfWriter } from '../../../test/support/mkbtf.ts'
import { FormatError } from '../base/errors.ts'
import { Btf } from './btf.ts'
import {
  btf_header,
  BTF_KIND_DATASEC,
  BTF_KIND_DECL_TAG,
  BTF_KIND_FLOAT,
  BTF_KIND_PTR,
  BTF_KIND_RESTRICT,
  BTF_KIND_STRUCT,
  BTF_KIND_TYPEDEF,
} from './btf_layout.ts'
import { sizeofType, stripType, type CompoundType, type Type } from './type.ts'

const C = `
  typedef unsigned int u32;
  typedef u32 uid_t;
  struct list_head { struct list_head *next, *prev; };
  enum state { LOST = -2, IDLE = 0, BUSY, GONE = 0x7fffffff };
  enum wide : 8 { SMALL = 1, LARGE = 0xfedcba9876543210 };
  enum deep : 8 { DOWN = -0x123456789a };
  struct opaque;
  union word { long all; char bytes[8]; };
  struct task {
    unsigned int __state;
    const volatile u32 flags;
    char comm[16];
    struct list_head tasks;
    unsigned on_rq : 1;
    unsigned : 2;
    int prio : 5;
    union { int pid; struct { short low; short high; }; };
    union word word;
    struct opaque __rcu *opaque;
    int (*handler)(int nr, const char *name, ...);
    long matrix[2][3];
    enum state state;
    double load;
    int tail[];
  };
  int printk(const char *fmt, ...);
  void nothing(void);
  percpu struct task runqueues;
`

function compile(c: string, littleEndian = true): Btf {
  return new Btf('test BTF', btfOfC(c, { littleEndian }).bytes)
}

function structOf(btf: Btf, name: string): CompoundType {
  const type = btf.findType('struct', name) ?? btf.findType('union', name)
  assert.ok(type?.kind === 'struct' || type?.kind === 'union')
  return type
}

/** C-like words for a type, enough to compare. */
function spell(type: Type): string {
  switch (type.kind) {
    case 'pointer':
      return `${spell(type.target)} *`
    case 'array':
      return `${spell(type.element)} [${type.length}]`
    case 'const':
    case 'volatile':
    case 'restrict':
      return `${type.kind} ${spell(type.target)}`
    case 'type_tag':
      return `__${type.name} ${spell(type.target)}`
    case 'function':
      return `${spell(type.returns)} (${[...type.parameters.map((p) => spell(p.type)), ...(type.variadic ? ['...'] : [])].join(', ')})`
    case 'void':
      return 'void'
    case 'struct':
    case 'union':
    case 'enum':
      return `${type.kind} ${type.name}`
    default:
      return type.name
  }
}

for (const littleEndian of [true, false]) {
  test(`every kind of member of a ${littleEndian ? 'little' : 'big'}-endian kernel has its offset, width and type`, () => {
    const task = structOf(compile(C, littleEndian), 'task')
    assert.equal(task.size, 136)
    const members = task.members.map(({ name, type, bitOffset, bitSize }) => {
      const place = bitSize > 0 ? `${bitOffset}:${bitSize}` : `${bitOffset / 8}`
      return `${place} ${name} ${spell(type)}`
    })
    assert.deepEqual(members, [
      '0 __state unsigned int',
      '4 flags const volatile u32',
      '8 comm char [16]',
      '24 tasks struct list_head',
      '320:1 on_rq unsigned int',
      '323:5 prio int',
      '44  union ',
      '48 word union word',
      '56 opaque __rcu opaque *',
      '64 handler int (int, const char *, ...) *',
      '72 matrix long int [3] [2]',
      '120 state enum state',
      '128 load double',
      '136 tail int [0]',
    ])
  })
}

test('members of anonymous structs and unions are found with offsets from the outermost struct', () => {
  const { memberIndex } = structOf(compile(C), 'task')
  assert.deepEqual(
    ['pid', 'low', 'high', 'word'].map((name) => (memberIndex.get(name)?.bitOffset ?? 0) / 8),
    [44, 44, 46, 48],
  )
  assert.equal(memberIndex.has(''), false)
})

test('typedefs and qualifiers are stripped to what is behind them', () => {
  const btf = compile(C)
  const uid = btf.findType('typedef', 'uid_t') ?? assert.fail()
  assert.deepEqual(stripType(uid), {
    kind: 'int',
    name: 'unsigned int',
    size: 4,
    signed: false,
    bool: false,
    char: false,
  })
})

test('integers say whether they are signed, characters or booleans', () => {
  const btf = compile('struct s { char c; unsigned char u; _Bool b; long l; };')
  const flags = ['char', 'unsigned char', '_Bool', 'long int'].map((name) => {
    const type = btf.findType('base', name)
    assert.ok(type?.kind === 'int')
    return [type.size, type.signed, type.char, type.bool]
  })
  assert.deepEqual(flags, [
    [1, true, true, false],
    [1, false, false, false],
    [1, false, false, true],
    [8, true, false, false],
  ])
})

test('enum values keep their sign and all of 64 bits', () => {
  const btf = compile(C)
  const values = (name: string): unknown => {
    const type = btf.findType('enum', name)
    assert.ok(type?.kind === 'enum')
    return [type.size, type.signed, ...type.values.map((item) => [item.name, item.value])]
  }
  assert.deepEqual(values('state'), [
    4,
    true,
    ['LOST', -2n],
    ['IDLE', 0n],
    ['BUSY', 1n],
    ['GONE', 0x7fff_ffffn],
  ])
  assert.deepEqual(values('wide'), [8, false, ['SMALL', 1n], ['LARGE', 0xfedc_ba98_7654_3210n]])
  assert.deepEqual(values('deep'), [8, true, ['DOWN', -0x12_3456_789an]])
})

test('functions have parameters, and an ellipsis is none', () => {
  const btf = compile(C)
  const printk = btf.findFunction('printk') ?? assert.fail()
  assert.deepEqual(
    [printk.parameters.map(({ name }) => name), printk.variadic, spell(printk.returns)],
    [['fmt'], true, 'int'],
  )
  const nothing = btf.findFunction('nothing') ?? assert.fail()
  assert.deepEqual(
    [nothing.parameters.length, nothing.variadic, spell(nothing.returns)],
    [0, false, 'void'],
  )
  assert.equal(btf.findFunction('task'), undefined)
})

test('percpu variables have types', () => {
  const btf = compile(C)
  assert.equal(btf.findVariable('runqueues'), btf.findType('struct', 'task'))
  assert.equal(btf.findVariable('printk'), undefined)
})

test('a name is looked up in its own space only, and a forward declaration is no struct', () => {
  const btf = compile(C)
  assert.equal(btf.findType('union', 'task'), undefined)
  assert.equal(btf.findType('struct', 'opaque'), undefined)
  assert.equal(btf.findType('typedef', 'u32')?.kind, 'typedef')
  assert.deepEqual(
    Array.from(btf.forEachNamed('struct'), (type) => ('name' in type ? type.name : '')),
    ['list_head', 'task'],
  )
})

test('restrict, float, tags and data sections are passed over or decoded', () => {
  const writer = new BtfWriter()
  const float = writer.add({ kind: BTF_KIND_FLOAT, name: 'float', sizeOrType: 4 })
  const restrict = writer.wrap(BTF_KIND_RESTRICT, writer.wrap(BTF_KIND_PTR, float))
  writer.add({ kind: BTF_KIND_DECL_TAG, name: 'user', sizeOrType: float, words: [0xffff_ffff] })
  writer.add({ kind: BTF_KIND_DATASEC, name: '.data', vlen: 2, words: [1, 0, 4, 1, 4, 4] })
  const last = writer.wrap(BTF_KIND_TYPEDEF, restrict, 'f_t')
  const btf = new Btf('t', writer.bytes())
  assert.equal(spell(btf.typeById(last)), 'f_t')
  assert.equal(spell(btf.typeById(restrict)), 'restrict float *')
  assert.deepEqual(
    [3, 4].map((id) => btf.typeById(id).kind),
    ['restrict', 'void'],
  )
  assert.equal(btf.idEnd, last + 1)
})

test('types of a module continue those of the kernel, in ids and in names', () => {
  const base = btfOfC(C)
  const split = btfOfC(
    'struct task_ext { struct task task; u32 extra; }; struct list_node { struct list_head tasks; };',
    { base },
  )
  const kernel = new Btf('vmlinux', base.bytes)
  const module = new Btf('module', split.bytes, kernel)
  const extended = structOf(module, 'task_ext')
  assert.deepEqual(
    extended.members.map(({ name }) => name),
    ['task', 'extra'],
  )
  assert.equal(extended.members[0]?.type, kernel.findType('struct', 'task'))
  assert.equal(module.findType('struct', 'task'), undefined, 'the kernel has it, not the module')
  // `tasks` is a string of the kernel's, `list_node` the module's own.
  assert.equal(structOf(module, 'list_node').members[0]?.name, 'tasks')
})

test('a struct of a module may be named by a string of the kernel', () => {
  const base = btfOfC(C)
  const module = new Btf(
    'module',
    btfOfC('struct comm { int x; };', { base }).bytes,
    new Btf('vmlinux', base.bytes),
  )
  assert.equal(structOf(module, 'comm').size, 4)
})

test('ids and strings that are nowhere are void and empty', () => {
  const btf = compile(C)
  assert.equal(btf.typeById(0).kind, 'void')
  assert.equal(btf.typeById(0xffff_ffff).kind, 'void')
  assert.equal(btf.stringAt(0xffff_ffff), '')
})

test('a struct that holds itself anonymously, exponentially, is indexed in a moment', () => {
  const writer = new BtfWriter()
  const int = writer.int('int', 4)
  const count = 60
  for (let i = 0; i < count; i++) {
    const next = i + 1 < count ? int + i + 2 : int + 1
    const members = [0, 64, 128].map((bitOffset) => ({ name: '', type: next, bitOffset }))
    writer.compound('struct', `s${i}`, 8, [...members, { name: `m${i}`, type: int, bitOffset: 0 }])
  }
  const begin = performance.now()
  assert.ok(structOf(new Btf('t', writer.bytes()), 's0').memberIndex.size > 0)
  assert.ok(performance.now() - begin < 1000)
})

test('typedefs that go in circles end as void, arrays of arrays without end have no size', () => {
  const writer = new BtfWriter()
  const loop = writer.wrap(BTF_KIND_TYPEDEF, 2, 'a')
  writer.wrap(BTF_KIND_TYPEDEF, 1, 'b')
  const itself = writer.array(3, 0xffff_ffff)
  let huge = writer.int('int', 4)
  for (let i = 0; i < 40; i++) huge = writer.array(huge, 0xffff_ffff)
  const btf = new Btf('t', writer.bytes())
  assert.equal(stripType(btf.typeById(loop)).kind, 'void')
  assert.equal(sizeofType(btf.typeById(itself)), 0)
  assert.equal(sizeofType(btf.typeById(huge)), 0)
})

test('strings without NUL are cut, not searched to the end of the section', () => {
  const writer = new BtfWriter()
  for (let i = 0; i < 2000; i++) writer.compound('struct', `name${i}`, 0, [])
  const bytes = writer.bytes()
  const strings = btf_header.size + writer.idEnd * 12 - 12
  const padded = new Uint8Array(bytes.length + 8_000_000).fill(0x61)
  padded.set(bytes)
  padded.fill(0x61, strings + 1)
  new DataView(padded.buffer).setUint32(20, padded.length - strings, true)
  const begin = performance.now()
  const btf = new Btf('t', padded)
  assert.equal(btf.findType('struct', 'absent'), undefined)
  assert.equal([...btf.forEachNamed('struct')].length, 2000)
  assert.ok(performance.now() - begin < 2000)
})

const HEADER_LIES: readonly (readonly [
  what: string,
  offset: number,
  value: number,
  message: RegExp,
])[] = [
  ['another magic', 0, 0x1234, /^t: offset 0x0: BTF magic is 0x3412$/],
  [
    'types beyond the data',
    12,
    0x7fff_ffff,
    /^t: offset 0x8: BTF sections end past the end of the data$/,
  ],
  ['strings beyond the data', 20, 0xffff_ffff, /^t: offset 0x8: BTF sections end/],
  ['a header longer than the data', 4, 0xffff_ffff, /^t: offset 0x8: BTF sections end/],
]
for (const [what, offset, value, message] of HEADER_LIES) {
  test(`${what}: a format error`, () => {
    const { bytes } = btfOfC(C)
    const view = new DataView(bytes.buffer)
    if (offset === 0) view.setUint16(0, value, true)
    else view.setUint32(offset, value, true)
    assert.throws(() => new Btf('t', bytes), { name: 'FormatError', message })
  })
}

test('a kind from the future cannot be passed over and is named', () => {
  const writer = new BtfWriter()
  writer.int('int', 4)
  writer.add({ kind: 25, name: 'new' })
  assert.throws(() => new Btf('t', writer.bytes()), {
    message: 't: offset 0x28: BTF kind 25 is unknown',
  })
})

test('a record whose items leave the section is named', () => {
  const writer = new BtfWriter()
  writer.add({ kind: BTF_KIND_STRUCT, name: 's', vlen: 100 })
  assert.throws(() => new Btf('t', writer.bytes()), {
    message: /BTF type record ends past the type section$/,
  })
})

test('cut anywhere it is a format error', () => {
  const { bytes } = btfOfC(C)
  for (let size = 0; size < bytes.length; size++) {
    assert.throws(() => new Btf('t', bytes.subarray(0, size)), FormatError)
  }
})
