// Objects of a kernel built from C declarations (test/support/kernel_builder.ts); big-endian ones over bytes at hand.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { btfOfC } from '../../../test/support/c_declarations.ts'
import { KernelBuilder } from '../../../test/support/kernel_builder.ts'
import { SparseMemory } from '../../../test/support/sparse_memory.ts'
import { noise } from '../../../test/support/vmcore_recipe.ts'
import { CorruptError, FaultError, NotFoundError } from '../base/errors.ts'
import { Btf } from '../debuginfo/btf.ts'
import { KObject } from './kobject.ts'

const C = `
  enum state { LOST = -2, IDLE, RUNNING = 1, GONE = 0x7fffffff };
  struct list_head { struct list_head *next, *prev; };
  struct mm { unsigned long pgd; int users; };
  struct bits { unsigned a : 1; unsigned b : 3; int c : 5; unsigned long d : 40; unsigned char e : 7; };
  struct task {
    unsigned int __state;
    char comm[16];
    struct list_head tasks;
    struct mm *mm;
    const char *name;
    enum state state;
    enum state past : 3;
    struct bits bits;
    signed char s8; unsigned char u8; short s16; unsigned short u16;
    int s32; unsigned int u32; long s64; unsigned long u64;
    _Bool yes;
    struct { int inner; union { int left; int right; }; };
    int matrix[2][3];
    struct mm mms[2];
    __int128 wide;
    int tail[];
  };
  struct huge { char bytes[4294967295]; };
`

const kernel = new KernelBuilder(C)
const mm = kernel.place('struct mm', { pgd: 0x1000, users: 3 })
const address = kernel.global('init', 'struct task', {
  __state: 2,
  comm: 'swapper/0',
  mm,
  name: 'systemd',
  state: 'LOST',
  past: -2,
  bits: { a: 1, b: 5, c: -3, d: 0x12_3456_789an, e: 0x7f },
  s8: -1,
  u8: 255,
  s16: -2,
  u16: 65535,
  s32: -3,
  u32: 0xffff_fffd,
  s64: -4,
  u64: 2n ** 64n - 4n,
  yes: true,
  inner: 7,
  left: 8,
  matrix: [[], [0, 0, 12]],
  mms: [{}, { users: 5 }],
})
const lost = kernel.place('struct task', {}, 4096)
kernel.image.exclude(lost, 1)
const program = kernel.build()
const task = program.objectAt('struct task', address)

test('integers have the width and sign of their type', () => {
  assert.deepEqual(
    ['s8', 'u8', 's16', 'u16', 's32', 'u32', 's64'].map((member) => task.number(member)),
    [-1, 255, -2, 65535, -3, 0xffff_fffd, -4],
  )
  assert.equal(task.bigint('u64'), 2n ** 64n - 4n)
  assert.equal(task.bigint('s64'), -4n)
  assert.equal(task.bool('yes'), true)
})

test('a number above 2^53 is refused, not rounded', () => {
  assert.throws(() => task.number('u64'), {
    name: 'CorruptError',
    message: /0xfffffffffffffffc where a number below 2\^53 was expected/,
  })
})

test('a path goes through members, anonymous ones, arrays and pointers', () => {
  assert.equal(task.number('inner'), 7)
  assert.equal(task.number('right'), 8)
  assert.equal(task.number('matrix[1][2]'), 12)
  assert.equal(task.number('mms[1].users'), 5)
  assert.equal(task.number('mm.users'), 3)
  assert.equal(task.number('mm->users'), 3)
  assert.equal(task.get('mm').get('users').number(), 3)
  assert.equal(task.get('mm.users').address, mm + 8n)
})

test('of several paths the first that exists is taken, and all are named if none does', () => {
  assert.equal(task.number('state_of_tomorrow', '__state'), 2)
  assert.equal(task.find('nothing', 'mm.nothing'), undefined)
  assert.equal(task.has('mm.users'), true)
  assert.equal(task.has('mm.nothing'), false)
  assert.throws(() => task.get('nothing', 'mm.nothing'), {
    name: 'NotFoundError',
    message: 'member not found: struct task has no nothing or mm.nothing',
  })
})

test('paths that are none are not found', () => {
  for (const path of [
    '',
    '.',
    'mm.',
    '[0]',
    'comm[x]',
    'comm[-1]',
    'mm[0]',
    '__state.x',
    'comm[99999999999999999999]',
    'constructor',
  ]) {
    assert.equal(task.has(path), false, path)
  }
})

test('a pointer leads to what it points to; NULL leads nowhere', () => {
  assert.equal(task.get('mm').deref().number('users'), 3)
  assert.equal(task.get('mm').isNull(), false)
  const empty = program.value('struct task *', 0n)
  assert.throws(() => empty.deref(), FaultError)
  assert.throws(() => empty.get('comm'), FaultError)
  assert.throws(() => task.get('tasks.next.next'), FaultError)
  assert.throws(() => task.get('comm').deref(), NotFoundError)
})

test('a value that lies nowhere acts as the pointer it is', () => {
  const pointer = program.value('struct task *', address)
  assert.equal(pointer.string('comm'), 'swapper/0')
  assert.equal(pointer.deref().address, address)
  assert.equal(pointer.at(1).address, address + BigInt(program.sizeof('struct task')))
  assert.equal(pointer.snapshot(), pointer)
  assert.equal(program.value('struct mm *', mm).cast('struct task *').bigint(), mm)
})

test('strings come from arrays and from pointers, and NULL is empty', () => {
  assert.equal(task.string('comm'), 'swapper/0')
  assert.equal(task.string('name'), 'systemd')
  assert.equal(program.value('char *', 0n).string(), '')
})

test('enum values have names where the enum has them', () => {
  assert.equal(task.enumName('state'), 'LOST')
  assert.equal(task.number('state'), -2)
  assert.equal(task.enumName('__state'), undefined)
  assert.equal(task.enumName('s32'), undefined)
})

test('arrays have a length, elements and an end; pointers have elements only', () => {
  assert.equal(task.get('matrix').length, 2)
  assert.deepEqual(
    Array.from<KObject, number>(task.get('matrix[1]'), (element) => element.number()),
    [0, 0, 12],
  )
  assert.equal(task.get('matrix').at(1).at(2).number(), 12)
  assert.equal(task.get('tail').length, 0)
  assert.throws(() => [...task.get('mm')], NotFoundError)
  assert.throws(() => task.get('s32').at(0), NotFoundError)
})

test('a scalar of a width no machine has is no scalar', () => {
  assert.throws(() => task.bigint('wide'), NotFoundError)
  assert.throws(() => task.number('tasks'), NotFoundError)
})

test('an object of gigabytes is not read at once', () => {
  const huge = program.objectAt('struct huge', address)
  assert.throws(() => huge.bytes(), CorruptError)
  assert.equal(huge.snapshot(), huge)
})

test('two objects are equal where they lie, or by value', () => {
  assert.equal(task.equals(program.object('init', 'struct task')), true)
  assert.equal(task.equals(task.get('comm')), false)
  assert.equal(program.value('long', 1n).equals(program.value('long', 1n)), true)
})

test('a snapshot reads once and answers as the object does', () => {
  const copy = task.snapshot()
  for (const member of [
    '__state',
    's8',
    'u16',
    's32',
    's64',
    'inner',
    'matrix[1][2]',
    'mm.users',
    'bits.c',
  ]) {
    assert.equal(copy.number(member), task.number(member), member)
  }
  assert.equal(copy.string('comm'), 'swapper/0')
  assert.equal(copy.string('name'), 'systemd')
  assert.deepEqual(copy.bytes(), task.bytes())
  assert.equal(copy.get('mm').deref().number('users'), 3)
  // Beyond the struct the dump goes on.
  assert.equal(copy.get('tail').at(0).address, task.get('tail').address)
})

test('a snapshot of a page that is missing faults at once', () => {
  assert.throws(() => program.objectAt('struct task', lost).snapshot(), {
    name: 'FaultError',
    reason: 'excluded',
  })
})

/** The value of bits `[offset, offset + size)` counted from the least, or most, significant bit of byte 0. */
function bitsOf(bytes: Uint8Array, offset: number, size: number, little: boolean): bigint {
  let value = 0n
  for (let i = 0; i < size; i++) {
    const bit = offset + i
    const byte = bytes[bit >> 3] as number
    if (little) value |= BigInt((byte >> (bit & 7)) & 1) << BigInt(i)
    else value = (value << 1n) | BigInt((byte >> (7 - (bit & 7))) & 1)
  }
  return value
}

for (const little of [true, false]) {
  test(`bit fields of a ${little ? 'little' : 'big'}-endian machine read bit by bit`, () => {
    const type = new Btf('t', btfOfC(C, { littleEndian: little }).bytes).findType('struct', 'bits')
    assert.ok(type?.kind === 'struct')
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const next = noise(seed)
        const bytes = Uint8Array.from({ length: 32 }, () => next())
        const object = new KObject(program, type, 0x1000n, {
          memory: new SparseMemory([[0x1000n, bytes]], little),
        })
        for (const { name, bitOffset, bitSize } of type.members) {
          const raw = bitsOf(bytes, bitOffset, bitSize, little)
          assert.equal(object.bigint(name), name === 'c' ? BigInt.asIntN(bitSize, raw) : raw, name)
          assert.equal(object.number(name), Number(object.bigint(name)))
        }
      }),
    )
  })

  test(`scalars of a ${little ? 'little' : 'big'}-endian machine read in its order`, () => {
    const type = new Btf('t', btfOfC(C, { littleEndian: little }).bytes).findType('struct', 'mm')
    assert.ok(type)
    const bytes = Uint8Array.from({ length: 16 }, (_, i) => i + 1)
    const object = new KObject(program, type, 0n, {
      memory: new SparseMemory([[0n, bytes]], little),
    })
    assert.equal(object.bigint('pgd'), little ? 0x0807_0605_0403_0201n : 0x0102_0304_0506_0708n)
    assert.equal(object.number('users'), little ? 0x0c0b_0a09 : 0x090a_0b0c)
  })
}

test('bit fields of a kernel read as they were set, an enum of a few bits by its name too', () => {
  assert.deepEqual(
    ['a', 'b', 'c', 'd', 'e'].map((name) => task.bigint(`bits.${name}`)),
    [1n, 5n, -3n, 0x12_3456_789an, 0x7fn],
  )
  assert.equal(task.enumName('past'), 'LOST')
})
