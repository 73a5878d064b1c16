// list over small lists: whole ones, ones that lead back into their middle, and ones that lead nowhere.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { crashSession } from '../../../../test/support/crash_session.ts'

const { text, addressOf } = crashSession({
  objects: {
    // a -> b -> c -> d -> c
    a: ['struct list_head', { next: '&b' }],
    b: ['struct list_head', { next: '&c', prev: '&a' }],
    c: ['struct list_head', { next: '&d', prev: '&b' }],
    d: ['struct list_head', { next: '&c', prev: '&c' }],
    lost: ['struct list_head', { next: 0x1000n }],
    empty: ['struct list_head', { next: '&empty', prev: '&empty' }],
  },
})

const hex = (reference: string): string => addressOf(reference).toString(16)

test('entries of a list_head are its structures, the head is none of them', () => {
  const head = `list task_struct.tasks -H ${hex('init_task.tasks')}`
  assert.deepEqual(text(head), [hex('kthreadd'), hex('app')])
  assert.deepEqual(text(`${head} -r`), [hex('app'), hex('kthreadd')])
  assert.deepEqual(text(`${head} -e ${hex('app.tasks')}`), [hex('kthreadd')])
  assert.deepEqual(text(`${head} -e ${hex('app')}`), [hex('kthreadd')])
})

test('with -h the start is an entry, with -O the owner of the head', () => {
  const all = ['init_task', 'kthreadd', 'app'].map(hex)
  assert.deepEqual(text('list task_struct.tasks -h init_task'), all)
  assert.deepEqual(
    text('list -o task_struct.tasks -O task_struct.tasks -h init_task'),
    all.slice(1),
  )
})

test('-s shows what the entries are, -S their bare numbers', () => {
  const line = `list -H init_task.tasks task_struct.tasks`
  assert.deepEqual(text(`${line} -s task_struct.pid,comm`).slice(0, 3), [
    hex('kthreadd'),
    '  pid = 2,',
    '  comm = "kthreadd\\000\\000\\000\\000\\000\\000\\000",',
  ])
  assert.deepEqual(text(`${line} -S task_struct.pid,comm,mm -x`).slice(3), [
    '  mm = 0x0',
    hex('app'),
    '  pid = 0x64',
    '  comm = "app"',
    `  mm = 0x${hex('app_mm')}`,
  ])
  assert.deepEqual(
    text(`list ${hex('app.tasks')} -l task_struct.tasks -s task_struct.pid`).slice(0, 2),
    [hex('app.tasks'), '  pid = 100,'],
  )
})

test('a list that leads back into its middle ends with the first duplicate', () => {
  const entries = ['a', 'b', 'c', 'd'].map(hex)
  const lines = text(`list ${hex('a')}`)
  assert.deepEqual(lines.slice(0, 4), entries)
  assert.match(lines[4] ?? '', new RegExp(`duplicate list entry: ${hex('c')}$`))
  assert.equal(lines.length, 5)
})

test('-B says how long the loop is and where it begins', () => {
  const last = text(`list -B ${hex('a')}`).at(-1) ?? ''
  assert.match(
    last,
    new RegExp(`loop length: 2, entries before it: 2, first duplicate: ${hex('c')}$`),
  )
})

test('a list that leads out of memory shows where, and why it ends', () => {
  const lines = text(`list ${hex('lost')}`)
  assert.deepEqual(lines.slice(0, 2), [hex('lost'), '1000'])
  assert.match(lines[2] ?? '', /^list: cannot read virtual address 0x1000/)
})

test('an empty list is said to be empty', () => {
  assert.deepEqual(text(`list -H ${hex('empty')}`), ['(empty)'])
})

test('what is no start is refused in crash words', () => {
  assert.equal(text('list')[0], 'list: starting address required')
  assert.equal(text('list 8 -H')[0], 'list: invalid kernel virtual address: 8')
  assert.equal(
    text('list -l 8 init_task')[0],
    'list: -l option can only be used with -s or -S option',
  )
  assert.equal(text('list -e zz init_task')[0], 'list: invalid input: "zz"')
})
