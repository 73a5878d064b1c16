// Deliberate crashes as they come in: by a write, from a keyboard, from a serial line, of a kernel before v5.0.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sceneOf, type SceneRecipe } from '../../../../test/support/scene.ts'
import { diagnose } from '../diagnose.ts'
import type { Finding } from '../rule.ts'
import { sysrq } from './sysrq.ts'

const PANIC = 'Kernel panic - not syncing: sysrq triggered crash'
const WRITE = [
  ...['panic', 'sysrq_handle_crash', '__handle_sysrq.cold', 'write_sysrq_trigger', 'vfs_write'],
  ...['ksys_write', 'do_syscall_64'],
]

const written: SceneRecipe = {
  log: ['sysrq: Trigger a crash', PANIC],
  members: {
    task_struct: 'struct { unsigned int val; } loginuid; struct cred *cred;',
    signal_struct: 'struct tty_struct *tty;',
  },
  types: 'struct cred { struct { unsigned int val; } uid; }; struct tty_struct { char name[64]; };',
  objects: {
    root: ['struct cred', { uid: { val: 0 } }],
    pts: ['struct tty_struct', { name: 'pts0' }],
  },
  tasks: {
    init: { pid: 1, comm: 'systemd' },
    sshd: { pid: 50, parent: 'init' },
    sudo: { pid: 60, parent: 'sshd' },
    tee: {
      ...{ pid: 61, parent: 'sudo', cpu: 1, frames: WRITE },
      value: { cred: '&root', 'loginuid.val': 1000 },
    },
  },
  more: (kernel) => {
    const place = kernel.addressOf('tee_signal')
    kernel.set('struct signal_struct', place, { tty: '&pts' })
  },
  panicCpu: 1,
}

const find = (recipe: SceneRecipe): Finding[] => [...sysrq.find(sceneOf(recipe))]
const only = (recipe: SceneRecipe): Finding => {
  const [finding, ...more] = find(recipe)
  assert.ok(finding && more.length === 0)
  return finding
}

test('a write names the writer, whose child it is, and who was logged in', () => {
  const finding = only(written)
  assert.equal(
    finding.title,
    'deliberate crash, not a bug: PID 61 "tee" wrote c to /proc/sysrq-trigger',
  )
  assert.deepEqual(
    [
      finding.kind,
      finding.role,
      finding.confidence,
      finding.culprit?.unit,
      finding.culprit?.function,
    ],
    ['sysrq', 'cause', 'certain', 'PID 61 "tee"', null],
  )
  const said = finding.evidence.map(({ text }) => text)
  assert.ok(said.includes('started by PID 60 "sudo", by PID 50 "sshd", by PID 1 "systemd"'))
  assert.ok(said.includes('it ran as user 0, logged in as user 1000, on pts0'))
})

test('it is the only cause of a healthy machine that somebody crashed', () => {
  const { findings, verdict } = diagnose(sceneOf(written))
  assert.deepEqual(
    findings.filter(({ role }) => role === 'cause').map(({ kind }) => kind),
    ['sysrq'],
  )
  assert.equal(verdict?.rule, 'sysrq')
})

test('without a log the stack tells as much', () => {
  const { log: _, ...silent } = written
  assert.match(only(silent).title, /PID 61 "tee" wrote c/)
})

test('of an order from a keyboard or a serial line the interrupted task is not blamed', () => {
  const orders = [
    ['kbd_event', 'by a key combination'],
    ['input_event', 'by a key combination'],
    ['serial8250_handle_irq', 'from the serial console'],
    ['xenwatch_thread', 'by the hypervisor'],
  ] as const
  for (const [caller, text] of orders) {
    const frames = [
      ...['panic', 'sysrq_handle_crash', '__handle_sysrq', caller],
      ...['asm_common_interrupt', 'app_loop!', 'do_syscall_64'],
    ]
    const finding = only({
      log: [PANIC],
      tasks: { app: { pid: 70, cpu: 0, frames } },
      panicCpu: 0,
    })
    assert.ok(finding.title.includes(text), finding.title)
    assert.doesNotMatch(finding.title, /PID 70/)
  }
})

test('before v5.0 the handler wrote to NULL, which is explained', () => {
  const finding = only({
    log: ['BUG: unable to handle kernel NULL pointer dereference at 0000000000000000'],
    tasks: {
      echo: {
        ...{ pid: 80, cpu: 0 },
        frames: [
          'oops_end',
          'asm_exc_page_fault',
          'sysrq_handle_crash!',
          'write_sysrq_trigger',
          'vfs_write',
        ],
      },
    },
    panicCpu: 0,
  })
  assert.match(finding.title, /PID 80 "echo" wrote c/)
  assert.ok(finding.explains.includes('null-dereference'))
})

test('a parent that is its own ancestor ends the list', () => {
  const finding = only({
    log: [PANIC],
    tasks: {
      a: { pid: 90, parent: 'b', cpu: 0, frames: WRITE },
      b: { pid: 91, parent: 'a' },
    },
    panicCpu: 0,
  })
  assert.ok(finding.evidence.some(({ text }) => text === 'started by PID 91 "b"'))
})

test('any other panic is not called deliberate', () => {
  assert.deepEqual(find({ log: ['Kernel panic - not syncing: Fatal exception'] }), [])
  assert.deepEqual(find({}), [])
})
