// Stacks of a crash in words: folded, of CPUs, and by name.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sceneOf, type SceneTask } from '../../../../test/support/scene.ts'
import { foldStacks, readCpus, toBacktrace } from './read_stacks.ts'
import { readTasks } from './read_tasks.ts'
import { PartReader } from './part_reader.ts'

const READING = ['__schedule', 'schedule', 'pipe_read', 'vfs_read']

const sleeper = (pid: number, frames: readonly string[], state = 1): SceneTask => ({
  pid,
  frames,
  state,
})

const SCENE = sceneOf({
  tasks: {
    hog: { pid: 9, cpu: 1, frames: ['panic', 'hog_fn', 'kthread'] },
    cat1: sleeper(10, READING),
    cat2: sleeper(11, READING, 2),
    waiter: sleeper(12, ['__schedule', 'schedule', 'do_wait']),
  },
  panicCpu: 1,
})

test('equal stacks are one group, the largest first, with states and examples', () => {
  const { stacks, rows } = foldStacks(SCENE)
  assert.equal(stacks.tasks, 4)
  assert.equal(stacks.omitted, 0)
  const [first, ...others] = stacks.groups
  assert.deepEqual(first, {
    frames: READING,
    count: 2,
    byState: { IN: 1, UN: 1 },
    examples: [
      { pid: 10, comm: 'cat1' },
      { pid: 11, comm: 'cat2' },
    ],
  })
  assert.deepEqual(
    others.map(({ count }) => count),
    [1, 1],
  )
  assert.deepEqual(
    rows.map(({ stack }) => stack),
    [1, 0, 0, 2],
  )
})

test('tasks that run come first, then those that cannot be interrupted, each with its stack', () => {
  const { stacks, rows } = foldStacks(SCENE)
  const tasks = readTasks(SCENE, new PartReader([], () => 0), rows)
  const states = tasks?.list.map(({ state }) => state) ?? []
  assert.deepEqual(states, ['RU', 'RU', 'RU', 'UN', 'IN', 'IN'])
  const waiter = tasks?.list.find(({ pid }) => pid === 12)
  assert.equal(stacks.groups[waiter?.stack ?? -1]?.frames.at(-1), 'do_wait')
  assert.equal(tasks?.list.find(({ pid }) => pid === 0)?.stack, null)
})

test('the CPU that panicked comes first, with what it ran', () => {
  const [first, second] = readCpus(SCENE)
  assert.deepEqual([first?.cpu, first?.panicked, first?.comm], [1, true, 'hog'])
  assert.deepEqual(
    first?.backtrace.frames.map((frame) => frame.function),
    ['panic', 'hog_fn', 'kthread'],
  )
  assert.deepEqual([second?.cpu, second?.comm], [0, 'swapper/0'])
})

test('a frame carries its addresses as text', () => {
  const [frame] = toBacktrace(SCENE.panicTrace).frames
  assert.equal(frame?.function, 'panic')
  assert.match(frame?.ip ?? '', /^0xffff/)
})
