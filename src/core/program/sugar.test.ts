// Objects of a small kernel as a person types them at the js prompt.
import assert from 'node:assert/strict'
import { inspect } from 'node:util'
import { test } from 'node:test'
import { buildKernel } from '../../../test/support/kernel_recipe.ts'
import { KObject } from './kobject.ts'
import { sugar, sugarFunction, sugarGlobals, unsugar } from './sugar.ts'
import type { Program } from './program.ts'

const { program, addressOf } = buildKernel({
  types: `
    typedef unsigned long long u64;
    enum state { ASLEEP, AWAKE };
    struct node {
      struct node *next; int id; u64 big; char name[8]; const char *title; enum state state; bool on;
      unsigned flag : 1; int list[3]; void *data; struct { int inner; };
    };
  `,
  variables: {
    first: [
      'struct node',
      {
        id: -1,
        big: 0xffff_ffff_ffff_fff0n,
        name: 'one',
        title: 'The First',
        state: 1,
        on: 1,
        flag: 1,
        list: [7, 8, 9],
        inner: 5,
        data: 0x1234n,
        next: '&second',
      },
    ],
    second: ['struct node', { id: 2 }],
    mystery: ['int', 7],
  },
})

// oxlint-disable-next-line typescript/no-explicit-any
const first: any = sugar(program.object('first', 'struct node'))

test('members are values of JavaScript', () => {
  assert.equal(first.id, -1)
  assert.equal(first.big, 0xffff_ffff_ffff_fff0n)
  assert.equal(first.name, 'one')
  assert.equal(first.title, 'The First')
  assert.equal(first.state, 'AWAKE')
  assert.equal(first.on, true)
  assert.equal(first.flag, 1)
  assert.equal(first.inner, 5)
  assert.equal(first.data, 0x1234n)
})

test('pointers are followed, NULL is null', () => {
  assert.equal(first.next.id, 2)
  assert.equal(first.next.next, null)
  assert.equal(first.next.title, null)
})

test('arrays have elements, a length, and can be iterated', () => {
  assert.equal(first.list[1], 8)
  assert.equal(first.list.length, 3)
  assert.deepEqual([...first.list], [7, 8, 9])
})

test('a wrong member is an error with the right one', () => {
  assert.throws(() => first.titel, /struct node has no titel \(did you mean title\?\)/)
  assert.equal('id' in first, true)
  assert.equal('titel' in first, false)
})

test('a promise or a formatter that asks for members of its own does not fail', async () => {
  assert.equal(await Promise.resolve(first), first)
  assert.match(inspect(first), /id = -1/)
})

test('members can be completed', () => {
  assert.deepEqual(Object.keys(first).slice(0, 3), ['next', 'id', 'big'])
})

test('as a number or text it is its address', () => {
  assert.equal(first + 8n, addressOf('first') + 8n)
  assert.equal(`${first}`, `0x${addressOf('first').toString(16)}`)
})

test('helpers take and give what is sweet, and know the program', () => {
  const helper = sugarFunction(program, ((program: Program, index: number) =>
    program.object(index === 2 ? 'second' : 'first', 'struct node')) as never)
  // oxlint-disable-next-line typescript/no-explicit-any
  assert.equal((helper(2) as any).id, 2)
  const idOf = sugarFunction(program, ((node: KObject) => node.number('id')) as never)
  assert.equal(idOf(first), -1)
  const both = sugarFunction(program, function* () {
    yield { node: program.object('first', 'struct node') }
  })
  // oxlint-disable-next-line typescript/no-explicit-any
  const nodes = [...(both() as any)] as any[]
  assert.deepEqual(
    nodes.map(({ node }) => node.name),
    ['one'],
  )
})

test('the object behind is at hand', () => {
  assert(first.$ instanceof KObject)
  assert.equal(unsugar(first), first.$)
  assert.equal(unsugar(7), 7)
})

test('global variables are properties; one of unknown type is its address', () => {
  // oxlint-disable-next-line typescript/no-explicit-any
  const k = sugarGlobals(program) as any
  assert.equal(k.mystery, addressOf('mystery'))
  assert.throws(() => k.nosuch, /symbol not found: nosuch/)
})
