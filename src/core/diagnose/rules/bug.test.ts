// A BUG() known by the kernel's table alone, by the log alone, and checks that another rule knows more of.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BUG_TABLE_TYPES, writeBugTable } from '../../../../test/support/bug_table.ts'
import { OOPS_TEXTS } from '../../../../test/support/oops_texts.ts'
import { sceneOf } from '../../../../test/support/scene.ts'
import type { Scene } from '../scene.ts'
import { bug } from './bug.ts'

const TASKS = {
  sh: {
    ...{ pid: 180, cpu: 0 },
    frames: ['hub_start!', 'trigger_bug', 'vfs_write', 'ksys_write', 'do_syscall_64'],
  },
}
const TABLE = [{ at: 'hub_start+0x10', file: 'drivers/hub/session.c', line: 110 }] as const

function crashed(log: readonly string[], file = TABLE): Scene {
  return sceneOf({
    ...{ log, tasks: TASKS, panicCpu: 0, types: BUG_TABLE_TYPES },
    more: (kernel) => writeBugTable(kernel, file),
  })
}

test('a BUG() is known by its instruction, without a log', () => {
  const scene = crashed([])
  const [finding, ...others] = bug.find(scene)
  assert.equal(others.length, 0)
  assert.equal(finding?.title, 'BUG at drivers/hub/session.c:110 was hit in hub_start()')
  assert.deepEqual([finding?.kind, finding?.role, finding?.confidence], ['bug', 'cause', 'certain'])
  assert.equal(finding?.culprit?.function, 'hub_start')
  assert.equal(finding?.culprit?.source, 'drivers/hub/session.c:110')
  assert.equal(finding?.evidence[0]?.address, scene.program.symbol('hub_start') + 0x10n)
})

test('what the check said before it is part of the title', () => {
  const scene = crashed([
    'usercopy: Kernel memory exposure attempt detected from SLUB object!',
    '------------[ cut here ]------------',
    'kernel BUG at drivers/hub/session.c:110!',
    'invalid opcode: 0000 [#1] PREEMPT SMP NOPTI',
    'CPU: 0 PID: 180 Comm: sh Not tainted 6.1.0 #1',
    'RIP: 0010:hub_start+0x10/0x80',
  ])
  const [finding] = bug.find(scene)
  assert.match(finding?.title ?? '', /hub_start\(\): usercopy: Kernel memory exposure/)
})

test('a file of a module built elsewhere goes by its name', () => {
  const [finding] = bug.find(
    crashed([], [{ ...TABLE[0], file: '/home/me/hub/session.c' } as never]),
  )
  assert.equal(finding?.title, 'BUG at session.c:110 was hit in hub_start()')
})

test('a BUG() of lists is told of as a list', () => {
  const scene = sceneOf({ log: OOPS_TEXTS['list corruption, 6.12'] })
  assert.deepEqual([...bug.find(scene)], [])
})

test('a WARN() is no BUG()', () => {
  const table = [{ ...TABLE[0], isWarning: true }]
  assert.deepEqual([...bug.find(crashed([], table as never))], [])
})
