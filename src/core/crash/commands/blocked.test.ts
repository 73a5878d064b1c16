// Two tasks in a cycle, one behind them, and one that waits for a lock whose holder sleeps.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { crashText } from '../../../../test/support/crash_text.ts'
import { waitKernel } from '../../../../test/support/wait_kernel.ts'

const waitsFor = (lock: string): object => ({ value: { blocker: `&${lock}` } })

const { program } = waitKernel({
  taskMembers: 'unsigned long blocker;',
  types: 'struct mutex { atomic_long_t owner; int wait_lock; struct list_head wait_list; };',
  variables: {
    rows_lock: ['struct mutex', { owner: { counter: '&b' } }],
    index_lock: ['struct mutex', { owner: { counter: '&a' } }],
    cache_lock: ['struct mutex', { owner: { counter: '&keeper' } }],
  },
  tasks: {
    a: waitsFor('rows_lock'),
    b: waitsFor('index_lock'),
    c: waitsFor('rows_lock'),
    d: waitsFor('cache_lock'),
    keeper: { state: 1 },
  },
})
const run = (line: string): string[] => crashText(program, line)

test('groups are shown with their cycle or their root, each wait with what it is for', () => {
  const lines = run('blocked')
  assert.match(lines[0] ?? '', /^TASKS: 3 +DEADLOCK: 100 waits for 101 waits for 100$/)
  assert.match(lines[1] ?? '', /^PID: 100 .*COMMAND: "a"$/)
  assert.match(lines[2] ?? '', /for 100 s: mutex [\da-f]{16} rows_lock, held by PID 101$/)
  const root = lines.find((line) => line.includes('ROOT'))
  assert.match(
    root ?? '',
    /^TASKS: 1 +ROOT: mutex cache_lock +HELD_BY: 104 +STATE: sleeps for 96 s$/,
  )
})

test('a task is followed to the end of its waiting', () => {
  const pids = run('blocked 102').flatMap((line) => /^PID: (\d+)/.exec(line)?.[1] ?? [])
  assert.deepEqual(pids, ['102', '101', '100'])
  assert.deepEqual(run('blocked 104'), ['PID 104 "keeper" does not wait'])
})

test('waits that are too short are left out', () => {
  const pids = run('blocked -l -t 99').flatMap((line) => /^PID: (\d+)/.exec(line)?.[1] ?? [])
  assert.deepEqual(pids, ['100', '101'])
  assert.equal(run('blocked -t 1000').join(''), '')
  assert.deepEqual(run('blocked -t soon'), ['blocked: invalid number of seconds: soon'])
})
