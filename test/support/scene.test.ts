// What a scene is told is what rules see.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sceneOf } from './scene.ts'

const SCENE = {
  log: ['first', { text: 'Kernel panic - not syncing: why', seconds: 5 }],
  tasks: {
    init: { pid: 1, comm: 'systemd' },
    hog: {
      ...{ pid: 100, cpu: 1, parent: 'init' },
      frames: [
        'panic',
        { name: 'asm_exc_page_fault', words: [1n, '&lock'] },
        { name: 'victim!', registers: { di: '&lock' }, words: [7] },
        'kthread.isra.0',
        'ret_from_fork',
      ],
    },
    thread: { pid: 101, tgid: 100, frames: ['schedule', { name: 'sleep', words: ['&lock'] }, 'x'] },
  },
  types: 'struct lock { int locked; };',
  variables: { lock: ['struct lock', { locked: 1 }] },
  panicCpu: 1,
} as const

test('the log, the panic and the tasks are there', () => {
  const scene = sceneOf(SCENE)
  assert.deepEqual(
    scene.lines.map(({ text, tsNsec }) => [text, tsNsec]),
    [
      ['first', 0n],
      ['Kernel panic - not syncing: why', 5_000_000_000n],
    ],
  )
  assert.equal(scene.panicReason, 'why')
  assert.deepEqual(
    scene.tasks.map((task) => [task.number('pid'), task.string('comm')]),
    [
      [1, 'systemd'],
      [100, 'hog'],
      [101, 'thread'],
    ],
  )
  assert.equal(scene.panicTask?.get('real_parent').deref().string('comm'), 'systemd')
})

test('a running task is unwound through the frame it was interrupted in', () => {
  const { frames, end } = sceneOf(SCENE).panicTrace
  assert.deepEqual(
    [...frames.map(({ name, interrupted }) => `${name}${interrupted ? '!' : ''}`), end],
    ['panic!', 'asm_exc_page_fault', 'victim!', 'kthread.isra.0', 'ret_from_fork', 'end'],
  )
  const scene = sceneOf(SCENE)
  assert.equal(frames[2]?.registers?.di, scene.program.symbol('lock'))
})

test('a sleeping task is unwound, and words of its own lie on its stack', () => {
  const scene = sceneOf(SCENE)
  const [, , thread] = scene.tasks
  assert.ok(thread)
  const { frames, end } = scene.trace(thread)
  assert.deepEqual([...frames.map(({ name }) => name), end], ['schedule', 'sleep', 'x', 'end'])
  const slot = frames[1]?.sp ?? 0n
  assert.equal(scene.program.memory.u64(slot + 8n), scene.program.symbol('lock'))
})

test('a CPU that is told to do nothing saved no registers, and a scene without a log has no lines', () => {
  const scene = sceneOf()
  assert.equal(scene.cpuTrace(0).end, 'lost')
  assert.deepEqual([scene.lines.length, scene.tasks.length, scene.panicCpu], [0, 0, undefined])
})
