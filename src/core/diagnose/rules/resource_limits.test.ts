// Process ids, threads and files used up, from memory; tables that were full, from the log.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sceneOf, type SceneRecipe } from '../../../../test/support/scene.ts'
import type { Finding } from '../rule.ts'
import { resourceLimits } from './resource_limits.ts'

const find = (recipe: SceneRecipe): Finding[] => [...resourceLimits.find(sceneOf(recipe))]

/** Ids below a limit of 303: of those that go round three, 300 to 302. */
function pidScene(isOld: boolean, taken: readonly number[]): SceneRecipe {
  const slots = Array.from({ length: 64 }, (_, i) => (taken.includes(256 + i) ? '&pid' : 0))
  return {
    types: `
      struct xarray { void *xa_head; };
      struct xa_node { unsigned char shift; void *slots[64]; };
      struct idr { struct xarray idr_rt; unsigned int idr_base; };
      struct pid { int level; };
      struct pid_namespace { struct idr idr; unsigned int pid_allocated; ${isOld ? '' : 'int pid_max;'} };`,
    variables: {
      init_pid_ns: [
        'struct pid_namespace',
        {
          ...{ pid_allocated: 0x8000_0000 + 10, idr: { idr_rt: { xa_head: '&root+2' } } },
          ...(isOld ? {} : { pid_max: 303 }),
        },
      ],
      ...(isOld ? { pid_max: ['int', 303] } : {}),
    },
    objects: {
      // 4 * 64 is 256.
      root: ['struct xa_node', { shift: 6, slots: [0, 0, 0, 0, '&leaf+2'] }],
      leaf: ['struct xa_node', { slots }],
      pid: ['struct pid'],
    },
    tasks: {
      shell: { pid: 50, comm: 'spawner' },
      ...Object.fromEntries(
        [300, 301, 302].map((pid) => [`t${pid}`, { pid, comm: 'sleep', parent: 'shell' }]),
      ),
    },
  }
}

for (const isOld of [true, false]) {
  const name = isOld ? 'one pid_max for all' : 'a pid_max for each namespace'
  test(`process ids that are all taken are told, with who has them (${name})`, () => {
    const [finding, ...others] = find(pidScene(isOld, [257, 300, 301, 302]))
    assert.deepEqual(others, [])
    assert.deepEqual(
      [finding?.kind, finding?.role, finding?.confidence],
      ['resource-exhaustion', 'state', 'certain'],
    )
    assert.match(finding?.title ?? '', /process ids are used up, 3 of 4 tasks are "sleep"/)
    assert.equal(finding?.culprit?.unit, 'PID 50 "spawner"')
  })

  test(`an id that is free is enough (${name})`, () => {
    assert.deepEqual(find(pidScene(isOld, [257, 258, 300, 302])), [])
  })
}

test('threads and files near their limits are told', () => {
  const scene = (threads: number, files: number): SceneRecipe => ({
    types: `struct files_stat_struct { unsigned long nr_files, nr_free_files, max_files; };
      struct percpu_counter { long count; int *counters; };`,
    variables: {
      nr_threads: ['int', threads],
      max_threads: ['int', 1000],
      files_stat: ['struct files_stat_struct', { max_files: 5000 }],
      nr_files: ['struct percpu_counter', { count: files }],
    },
  })
  assert.deepEqual(
    find(scene(1000, 4960)).map(({ title, confidence }) => [title, confidence]),
    [
      ['threads are used up: no process could be started', 'certain'],
      ['open files are nearly used up: only the superuser could open files', 'possible'],
    ],
  )
  assert.deepEqual(find(scene(980, 4900)), [])
})

test('tables that the kernel said were full are told once each', () => {
  const full = 'nf_conntrack: nf_conntrack: table full, dropping packet'
  const titles = find({
    log: [full, full, 'cgroup: fork rejected by pids controller in /user.slice', 'nothing'],
  }).map(({ title }) => title)
  assert.deepEqual(titles, [
    'the connection table nf_conntrack was used up',
    'the process limit of control group /user.slice was used up',
  ])
})
