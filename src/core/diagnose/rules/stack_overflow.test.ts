// Stacks too small: by recursion, by a large frame, and one whose mark at the end is gone.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sceneOf } from '../../../../test/support/scene.ts'
import { stackOverflow } from './stack_overflow.ts'

const HIT = 'BUG: TASK stack guard page was hit at 0000000026b7edbb (stack is 000000002fc05ff8..0)'
const OOPS = [
  HIT,
  'Oops: stack guard page: 0000 [#1] PREEMPT SMP NOPTI',
  'CPU: 1 UID: 0 PID: 237 Comm: sh Not tainted 6.12.117 #1',
  'RIP: 0010:vsnprintf+0x10/0x80',
]
const repeat = (names: readonly string[], count: number): string[] =>
  Array.from({ length: count }, () => names).flat()

function findingOf(log: readonly string[], frames: readonly string[]) {
  const [finding] = stackOverflow.find(
    sceneOf({ log, tasks: { sh: { pid: 237, cpu: 1, frames } }, panicCpu: 1 }),
  )
  return finding
}

test('a function that calls itself is named, and how often', () => {
  const frames = ['vsnprintf!', 'snprintf', ...repeat(['filter_walk'], 20), 'vfs_write']
  const finding = findingOf(OOPS, frames)
  assert.equal(finding?.title, 'the kernel stack overflowed: filter_walk() calls itself, 20 times')
  assert.deepEqual([finding?.confidence, finding?.culprit?.function], ['certain', 'filter_walk'])
  assert.ok(finding?.explains.includes('double-fault'))
})

test('functions that call each other are a circle', () => {
  const frames = ['vsnprintf!', ...repeat(['visit_leaf', 'visit_node'], 12), 'vfs_write']
  assert.equal(
    findingOf(OOPS, frames)?.title,
    'the kernel stack overflowed: visit_leaf() calls itself by way of visit_node(), 12 times',
  )
})

test('without recursion the largest frame is likely to blame', () => {
  const finding = findingOf(OOPS, ['vsnprintf!', 'report', 'vfs_write', 'ksys_write'])
  assert.equal(finding?.confidence, 'likely')
  assert.ok(finding?.evidence.some(({ text }) => text.startsWith('the largest frames: ')))
})

test('a mark found gone by the scheduler is an overflow of a stack, of whom is likely', () => {
  const finding = findingOf(
    ['Kernel panic - not syncing: corrupted stack end detected inside scheduler'],
    ['panic', 'schedule_debug', '__schedule', 'schedule', 'worker_thread'],
  )
  assert.deepEqual([finding?.kind, finding?.confidence], ['stack-overflow', 'likely'])
  assert.match(finding?.evidence[0]?.text ?? '', /the mark at the end of the stack is gone/)
})

test('other faults are none', () => {
  const frames = ['f!', 'vfs_write']
  assert.equal(findingOf(['BUG: unable to handle page fault for address: 0'], frames), undefined)
})
