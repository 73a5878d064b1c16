// Two oopses in a log, of tasks and functions alike or not, soon after each other or not.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sceneOf } from '../../../test/support/scene.ts'
import { falloutKinds, faultRole } from './fault_role.ts'

interface Oops {
  readonly seconds: number
  readonly pid: number
  readonly function: string
  readonly module?: string
}

const oops = ({
  seconds,
  pid,
  function: name,
  module,
}: Oops): { text: string; seconds: number }[] =>
  [
    'BUG: kernel NULL pointer dereference, address: 0000000000000008',
    'Oops: 0000 [#1] SMP',
    `CPU: 0 PID: ${pid} Comm: task${pid} Not tainted 6.1.0`,
    `RIP: 0010:${name}+0x8/0x80${module === undefined ? '' : ` [${module}]`}`,
    'RAX: 0000000000000000 RBX: 0000000000000000 RCX: 0000000000000000',
    'Call Trace:',
    ' kthread+0x10/0x80',
    '---[ end trace 0000000000000000 ]---',
  ].map((text) => ({ text, seconds }))

/** The role of the first of two, the last of which is what the kernel died of. */
function roleOfFirst(first: Oops, last: Oops, after: readonly string[] = []): string {
  const log = [
    ...oops(first),
    ...oops(last),
    ...after.map((text) => ({ text, seconds: last.seconds })),
  ]
  const scene = sceneOf({ log, tasks: { dead: { pid: last.pid, cpu: 0 } }, panicCpu: 0 })
  const [fault] = scene.faults
  assert.ok(fault)
  assert.equal(scene.faults.at(-1)?.isFatal, true)
  return `${faultRole(scene, fault)} ${falloutKinds(scene, fault).join(' ')}`.trim()
}

const FIRST: Oops = { seconds: 10, pid: 7, function: 'one_read' }

test('an oops shortly before the last one is the cause, and explains it', () => {
  const role = roleOfFirst(FIRST, { seconds: 12, pid: 8, function: 'other' })
  assert.equal(role, 'cause null-dereference')
})

test('an oops long before, of another task and other code, is only earlier', () => {
  assert.equal(roleOfFirst(FIRST, { seconds: 900, pid: 8, function: 'other' }), 'earlier')
})

test('an oops long before in the same module is the cause', () => {
  const first = { ...FIRST, module: 'disk' }
  const last = { seconds: 900, pid: 8, function: 'other', module: 'disk' }
  assert.equal(roleOfFirst(first, last), 'cause null-dereference')
})

test('an oops long before in the same function of the kernel is the cause, in another it is not', () => {
  const again = { seconds: 900, pid: 8, function: 'one_read' }
  assert.equal(roleOfFirst(FIRST, again), 'cause null-dereference')
})

test('an oops before a deliberate crash is not why the machine was crashed', () => {
  const log = [...oops(FIRST), { text: 'sysrq: Trigger a crash', seconds: 11 }]
  log.push({ text: 'Kernel panic - not syncing: sysrq triggered crash', seconds: 11 })
  const scene = sceneOf({ log, tasks: { shell: { pid: 9, cpu: 0 } }, panicCpu: 0 })
  const [fault] = scene.faults
  assert.equal(fault && faultRole(scene, fault), 'earlier')
})
