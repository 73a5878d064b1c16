// A machine that panics of warnings, and warnings that it survived.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BUG_TABLE_TYPES, writeBugTable } from '../../../../test/support/bug_table.ts'
import { OOPS_TEXTS } from '../../../../test/support/oops_texts.ts'
import { sceneOf } from '../../../../test/support/scene.ts'
import { warning } from './warning.ts'

const FRAMES = [
  ...['panic', 'check_panic_on_warn', '__warn', 'report_bug', 'handle_bug', 'exc_invalid_op'],
  ...['asm_exc_invalid_op', 'hub_check_limit!', 'hub_work', 'process_one_work', 'worker_thread'],
]
const PANIC = 'Kernel panic - not syncing: kernel: panic_on_warn set ...'

function panicked(log: readonly string[], frames: readonly string[] = FRAMES) {
  return sceneOf({
    ...{ log, panicCpu: 1, types: BUG_TABLE_TYPES, tasks: { worker: { pid: 77, cpu: 1, frames } } },
    more: (kernel) =>
      writeBugTable(kernel, [
        {
          at: `${frames[7]?.slice(0, -1)}+0x10`,
          file: 'drivers/hub.c',
          line: 131,
          isWarning: true,
        },
      ]),
  })
}

test('a warning that panicked is named by its place, also without a log', () => {
  const [finding] = warning.find(panicked([]))
  assert.equal(
    finding?.title,
    'WARN at drivers/hub.c:131 was hit in hub_check_limit(), and warnings panic',
  )
  assert.deepEqual([finding?.role, finding?.confidence], ['cause', 'certain'])
})

test('what it was told to print is told, and what panic() said', () => {
  const log = [
    '------------[ cut here ]------------',
    'limit of 4 exceeded',
    'WARNING: CPU: 1 PID: 77 at drivers/hub.c:131 hub_check_limit+0x10/0x80',
    'RIP: 0010:hub_check_limit+0x10/0x80',
    PANIC,
  ]
  const [finding] = warning.find(panicked(log))
  assert.match(finding?.title ?? '', /: limit of 4 exceeded$/)
  assert.ok(finding?.evidence.some(({ text }) => text.includes('panic_on_warn set')))
})

test('a warning that was survived is no cause', () => {
  assert.deepEqual([...warning.find(sceneOf({ log: OOPS_TEXTS['warning, 6.18'] }))], [])
})

test('a reference count is told of as one', () => {
  const frames = FRAMES.map((name) =>
    name === 'hub_check_limit!' ? 'refcount_warn_saturate!' : name,
  )
  assert.deepEqual([...warning.find(panicked([], frames))], [])
})
