// A kernel of which nearly nothing is known: each part says what it lacks, and none throws.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { memoryScene } from '../../../../test/support/memory_scene.ts'
import { sceneOf } from '../../../../test/support/scene.ts'
import { readMachineState } from './read_machine_state.ts'

test('parts that cannot be read are null, and said to be', () => {
  const state = readMachineState(sceneOf({ log: ['Linux version 6.1'] }))
  assert.deepEqual(
    [state.memory, state.blockIo, state.network, state.cpus?.length, state.timeline?.length],
    [null, null, null, 2, 1],
  )
  assert.deepEqual(
    state.problems.map((problem) => problem.replace(/:.*/, '')),
    ['memory', 'block I/O', 'network'],
  )
})

test('the state is plain data that adds up', () => {
  const state = readMachineState(
    sceneOf(
      memoryScene({
        totalPages: 1000,
        counters: { NR_FREE_PAGES: 100, NR_ANON_MAPPED: 700 },
        processes: { big: { pid: 4, pages: 600 }, small: { pid: 5, pages: 90 } },
      }),
    ),
  )
  const { memory } = state
  assert.ok(memory)
  assert.deepEqual(JSON.parse(JSON.stringify(state)), state)
  assert.equal(
    memory.shares.reduce((sum, { bytes }) => sum + bytes, 0),
    memory.totalBytes,
  )
  assert.deepEqual(
    memory.topProcesses.map(({ pid, comm, rssBytes }) => [pid, comm, rssBytes / 4096]),
    [
      [4, 'big', 600],
      [5, 'small', 90],
    ],
  )
  assert.deepEqual(memory.zones, [
    {
      ...{ node: 0, name: 'Normal', freePages: 100, managedPages: 1000 },
      ...{ minPages: 10, lowPages: 20, highPages: 30 },
    },
  ])
})
