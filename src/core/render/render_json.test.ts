// JSON of commands on the small kernel: the same data as the text, typed.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { crashSession } from '../../../test/support/crash_session.ts'
import { renderJson } from './render_json.ts'

const { run, addressOf } = crashSession()
const json = (line: string): { command: string; blocks: Record<string, unknown>[] } =>
  JSON.parse([...renderJson(line, run(line))].join(''))
const hex = (reference: string): string => `0x${addressOf(reference).toString(16)}`

test('members of an object are values, pointers hex text', () => {
  const { command, blocks } = json('struct task_struct.pid,comm,signal,thread_info init_task')
  assert.equal(command, 'struct task_struct.pid,comm,signal,thread_info init_task')
  assert.deepEqual(blocks, [
    {
      kind: 'object',
      type: 'struct task_struct',
      address: hex('init_task'),
      value: {
        pid: 0,
        comm: 'swapper/0',
        signal: hex('init_signals'),
        thread_info: { flags: 0, status: 0, cpu: 0 },
      },
    },
  ])
})

test('members of anonymous structs are those of the outer one', () => {
  const [block] = json('struct task_struct init_task').blocks
  const value = block?.value as Record<string, unknown>
  assert.equal(value.rcu_users, 0)
  assert.equal(value.locked, 0)
})

test('table rows have keys from their columns, addresses as hex', () => {
  assert.deepEqual(json('sym schedule').blocks, [
    {
      kind: 'table',
      rows: [
        {
          address: hex('schedule'),
          type: 'T',
          name: 'schedule',
          offset: 0,
          module: '',
          mark: null,
          file: null,
          line: null,
          source_confidence: null,
        },
      ],
    },
  ])
})

test('numbers beyond 2^53 are decimal text, others numbers', () => {
  assert.equal(json('p 0xffffffffffffffff').blocks[0]?.value, '18446744073709551615')
  assert.equal(json('p jiffies').blocks[0]?.value, 4_294_900_225)
})

test('definitions list members with offset, width and type', () => {
  const [block] = json('struct task_struct.in_execve,tasks').blocks
  assert.deepEqual(block?.members, [
    { name: 'tasks', type: 'struct list_head', offset: 40 },
    { name: 'in_execve', type: 'unsigned int', offset: 68, bit: 1, bits: 1 },
  ])
  assert.deepEqual(json('enum pid_type').blocks[0]?.values, {
    PIDTYPE_PID: 0,
    PIDTYPE_TGID: 1,
    PIDTYPE_MAX: 2,
  })
})

test('sections nest, with the values of their heading', () => {
  const { blocks } = json('foreach worker task -R pid')
  assert.deepEqual(blocks, [
    {
      kind: 'section',
      heading: { pid: 101, task: hex('worker'), cpu: 1, command: 'worker' },
      blocks: [
        { kind: 'object', type: 'struct task_struct', address: hex('worker'), value: { pid: 101 } },
      ],
    },
  ])
})

test('problems are blocks', () => {
  assert.deepEqual(json('nosuchcommand').blocks, [
    { kind: 'problem', command: 'crash', message: 'command not found: nosuchcommand' },
  ])
})

test('a value that is not in the dump says why', () => {
  const lost = crashSession({ excluded: ['app_mm'] })
  const line = `struct task_struct.mm.total_vm ${lost.addressOf('app').toString(16)}`
  const { blocks } = JSON.parse([...renderJson(line, lost.run(line))].join(''))
  assert.equal(blocks[0].value['mm.total_vm'].fault, 'excluded')
})
