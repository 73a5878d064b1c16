// Memory that ran out: the kernel's words, and its counters.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { memoryScene } from '../../../../test/support/memory_scene.ts'
import { sceneOf, type SceneRecipe } from '../../../../test/support/scene.ts'
import type { Finding } from '../rule.ts'
import { outOfMemory } from './out_of_memory.ts'

const PANIC_ON_OOM =
  'Kernel panic - not syncing: Out of memory: system-wide panic_on_oom is enabled'
const ASKED = [
  'sleep invoked oom-killer: gfp_mask=0x140cca(GFP_HIGHUSER_MOVABLE|__GFP_COMP), order=0, oom_score_adj=0',
  'CPU: 0 UID: 0 PID: 255 Comm: sleep Kdump: loaded Not tainted 6.12.0 #1',
]
const KILLED =
  'Out of memory: Killed process 41 (worker) total-vm:9kB, anon-rss:8kB, file-rss:0kB, shmem-rss:0kB, UID:0 pgtables:4kB oom_score_adj:0'

const find = (recipe: SceneRecipe): Finding[] => [...outOfMemory.find(sceneOf(recipe))]

test('the process with most of memory is to blame', () => {
  for (const layout of ['v5.10', 'v7.2'] as const) {
    const memory = memoryScene({
      layout,
      totalPages: 1000,
      counters: { NR_FREE_PAGES: 5, NR_ANON_MAPPED: 900 },
      processes: { datahog: { pid: 238, pages: 850 }, sleep: { pid: 255, pages: 10 } },
    })
    const [finding, ...others] = find({ ...memory, log: [...ASKED, PANIC_ON_OOM] })
    assert.deepEqual(others, [])
    assert.ok(finding)
    assert.deepEqual([finding.kind, finding.role], ['out-of-memory', 'cause'])
    assert.equal(finding.confidence, 'certain')
    assert.equal(finding.culprit?.unit, 'PID 238 "datahog"')
    assert.match(finding.title, /panic_on_oom is set: PID 238 "datahog" has .*\(85 %\)/)
    const evidence = finding.evidence.map(({ text }) => text).join('\n')
    assert.match(evidence, /PID 255 "sleep" asked for a page \(0x140cca/)
    assert.match(evidence, /zone Normal of node 0: 5 pages free, at or below its min of 10/)
  }
})

test('many processes of one name are one user of memory', () => {
  const memory = memoryScene({
    totalPages: 1000,
    counters: { NR_ANON_MAPPED: 930 },
    processes: {
      one: { pid: 10, pages: 300 },
      two: { pid: 11, pages: 310 },
      other: { pid: 12, pages: 320 },
    },
  })
  const tasks = { ...memory.tasks }
  for (const name of ['one', 'two'])
    if (tasks[name]) tasks[name] = { ...tasks[name], comm: 'worker' }
  const [finding] = find({ ...memory, tasks, log: [PANIC_ON_OOM] })
  assert.equal(finding?.culprit?.unit, '2 processes "worker"')
})

test('where nobody has much nobody is blamed', () => {
  const memory = memoryScene({
    totalPages: 1000,
    counters: { NR_FREE_PAGES: 400, NR_FILE_PAGES: 500, NR_ANON_MAPPED: 100 },
    processes: { a: { pid: 10, pages: 100 } },
  })
  const [finding] = find({ ...memory, log: [PANIC_ON_OOM] })
  assert.equal(finding?.culprit, null)
  assert.equal(finding?.title, 'out of memory, panic_on_oom is set')
})

test('pages that no counter knows are blamed on the driver that asked for another', () => {
  const memory = memoryScene({ totalPages: 1000, counters: { NR_FREE_PAGES: 10 } })
  const [finding] = find({
    ...memory,
    log: ['Kernel panic - not syncing: System is deadlocked on memory'],
    panicCpu: 1,
    tasks: {
      filler: {
        ...{ pid: 9, cpu: 1, flags: 0x20_0000 },
        frames: ['panic', 'out_of_memory', '__alloc_pages_noprof', 'fill_ring', 'kthread'],
      },
    },
  })
  assert.equal(finding?.culprit?.function, 'fill_ring')
  assert.equal(finding?.culprit?.unit, 'memory that no counter knows')
  // Who asks for the last page need not be who has the others.
  assert.equal(finding?.confidence, 'likely')
  assert.match(finding?.title ?? '', /no process was left to kill.*taken by fill_ring\(\)/)
})

test('a log that is gone is not needed: the stack says who panicked', () => {
  const [finding] = find({
    panicCpu: 1,
    tasks: { sh: { pid: 9, cpu: 1, frames: ['panic', 'out_of_memory', '__alloc_pages'] } },
  })
  assert.equal(finding?.role, 'cause')
  assert.match(finding?.title ?? '', /^out of memory, out_of_memory\(\) called panic\(\)/)
})

test('init that was killed for memory died of it', () => {
  const init = KILLED.replace('41 (worker)', '1 (systemd)')
  const died = 'Kernel panic - not syncing: Attempted to kill init! exitcode=0x00000009'
  const [finding] = find({ log: [...ASKED, init, died] })
  assert.equal(finding?.role, 'cause')
  assert.ok(finding?.explains.includes('init-died'))
  // Another was killed, and init died of something else.
  assert.deepEqual(
    find({ log: [...ASKED, KILLED, died] }).map(({ role }) => role),
    ['earlier'],
  )
})

test('kills that the kernel survived came earlier', () => {
  const [finding, ...others] = find({
    log: [...ASKED, KILLED, 'Kernel panic - not syncing: sysrq triggered crash'],
  })
  assert.deepEqual(others, [])
  assert.equal(finding?.role, 'earlier')
  assert.match(finding?.title ?? '', /^out of memory once before; last killed: PID 41 "worker"/)
})

test('in a control group the largest of its own tasks is to blame', () => {
  const memory = memoryScene({
    totalPages: 1000,
    counters: { NR_ANON_MAPPED: 900 },
    processes: { elsewhere: { pid: 3, pages: 800 } },
  })
  const [finding] = find({
    ...memory,
    log: [
      ...ASKED,
      '[     77]    33    77    99999      128     4096        0             0 java',
      'oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=web,mems_allowed=0,oom_memcg=/web,task_memcg=/web,task=java,pid=77,uid=33',
      'Kernel panic - not syncing: Out of memory: compulsory panic_on_oom is enabled',
    ],
  })
  assert.equal(
    finding?.title,
    'control group /web ran out of memory, panic_on_oom is set: PID 77 "java" has 512 KiB',
  )
  assert.equal(finding?.culprit?.unit, 'PID 77 "java"')
})

test('a machine with memory says nothing', () => {
  assert.deepEqual(find({ log: ['Kernel panic - not syncing: sysrq triggered crash'] }), [])
})
