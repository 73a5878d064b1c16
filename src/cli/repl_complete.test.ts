// TAB on the small kernel.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { crashSession } from '../../test/support/crash_session.ts'
import { completeLine } from './repl_complete.ts'

const { session } = crashSession()
const complete = (line: string): string[] => completeLine(session, line)[0]

/** What is typed → what is offered. */
const OFFERS: readonly (readonly [line: string, offered: readonly string[]])[] = [
  ['st', ['struct']],
  ['fore', ['foreach']],
  ['task_st', ['task_struct']],
  ['task_struct.com', ['task_struct.comm']],
  ['task_struct.thread_info.st', ['task_struct.thread_info.status']],
  ['task_struct.signal.li', ['task_struct.signal.live']],
  ['struct list_h', ['list_head']],
  ['struct task_struct.pid,com', ['task_struct.pid,comm']],
  ['p init_task.com', ['init_task.comm']],
  ['p jif', ['jiffies']],
  ['sym sched', ['schedule']],
  ['rd -16', ['-16']],
  ['help what', ['what', 'whatis']],
  ['p nosuch.x', []],
]

for (const [line, offered] of OFFERS) {
  test(`'${line}' offers ${offered.join(' ') || 'nothing'}`, () => {
    assert.deepEqual(complete(line), offered)
  })
}

test('nothing typed offers every command', () => {
  assert(complete('').length >= session.commands.length)
})
