// what on the small kernel: nothing it lacks (page descriptors, slabs, areas) stops what it has.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { crashText } from '../../../../test/support/crash_text.ts'
import { smallKernel } from '../../../../test/support/small_kernel.ts'

const { program, addressOf } = smallKernel()
const run = (line: string): string[] => crashText(program, line)
const hex = (address: bigint): string => address.toString(16)

test('a symbol and the task that lies there', () => {
  const lines = run('what init_task+8')
  assert.equal(lines[0], hex(addressOf('init_task') + 8n))
  assert.match(lines[1] ?? '', /^ {2}symbol: +init_task\+0x8 {2}\(D\)$/)
  assert.ok(
    lines.some((line) =>
      /^ {2}task: +PID 0 "swapper\/0"\+0x8 .*struct task_struct\.thread_info/.test(line),
    ),
  )
})

test('a percpu variable and its CPU', () => {
  const lines = run(`what ${hex(addressOf('runqueues:1.idle'))}`)
  assert.ok(
    lines.some((line) => /^ {2}percpu variable: +runqueues\+0x10 .* of CPU 1$/.test(line)),
    lines.join('\n'),
  )
})

test('poison, errors and user addresses', () => {
  assert.match(run('what 6b6b6b6b6b6b6b6b')[1] ?? '', /value: +POISON_FREE {2}/)
  assert.match(run('what fffffffffffffffe')[1] ?? '', /value: +ERR_PTR\(-ENOENT\)/)
  assert.match(run('what 400000').at(-1) ?? '', /region: +user space/)
})

test('what nobody knows is said to be unknown, and no symbol is an error', () => {
  assert.match(run('what ffffa00000000000')[1] ?? '', /unknown: +nothing is known of this address/)
  assert.deepEqual(run('what nosuch'), ['what: symbol not found: nosuch'])
})
