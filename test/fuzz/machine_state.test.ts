// A machine whose counters, zones and tasks are damaged, and logs that anybody may have written: what describes them ends,
// and throws nothing.
import assert from 'node:assert/strict'
import { diagnose } from '../../src/core/diagnose/diagnose.ts'
import { readOomReports } from '../../src/core/diagnose/oom_report.ts'
import { memoryPressure } from '../../src/core/diagnose/rules/memory_pressure.ts'
import { outOfMemory } from '../../src/core/diagnose/rules/out_of_memory.ts'
import { resourceLimits } from '../../src/core/diagnose/rules/resource_limits.ts'
import { Scene } from '../../src/core/diagnose/scene.ts'
import { readMachineState } from '../../src/core/diagnose/state/read_machine_state.ts'
import { readTimeline } from '../../src/core/diagnose/state/timeline.ts'
import type { LogLine } from '../../src/core/diagnose/trouble.ts'
import { damagedProgram } from '../support/damaged_program.ts'
import { fuzz } from '../support/fuzz.ts'
import { memoryScene } from '../support/memory_scene.ts'
import { mutateText } from '../support/mutate.ts'
import { sceneOf } from '../support/scene.ts'

const LOG = [
  'Linux version 6.12.0 (gcc)',
  'foo: loading out-of-tree module taints kernel.',
  'I/O error, dev sda, sector 8 op 0x0:(READ) flags 0x0',
  'sh invoked oom-killer: gfp_mask=0x140cca(GFP_HIGHUSER_MOVABLE|__GFP_COMP), order=0, oom_score_adj=0',
  'CPU: 0 UID: 0 PID: 255 Comm: sh Kdump: loaded Not tainted 6.12.0 #1',
  'Call Trace:',
  ' fill_ring+0x1f/0x40 [ring]',
  'oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,mems_allowed=0,oom_memcg=/a,task_memcg=/a/b,task=x,pid=2,uid=0',
  'Memory cgroup out of memory: Killed process 2 (x) total-vm:9kB, anon-rss:8kB, file-rss:0kB, shmem-rss:0kB, UID:0 pgtables:4kB',
  'Kernel panic - not syncing: System is deadlocked on memory',
]

const PROGRAMS = (['v5.10', 'v7.2'] as const).map((layout) => {
  const counters = { NR_FREE_PAGES: 5, NR_ANON_MAPPED: 800, NR_SLAB_UNRECLAIMABLE_B: 90 }
  const processes = { hog: { pid: 7, pages: 700 }, other: { pid: 8, pages: 50 } }
  return sceneOf({ ...memoryScene({ layout, totalPages: 1000, counters, processes }), log: LOG })
    .program
})

fuzz('the state of a damaged machine', {}, (random) => {
  const scene = new Scene(damagedProgram(random.pick(PROGRAMS), random))
  JSON.stringify(readMachineState(scene))
  diagnose(scene, [memoryPressure, outOfMemory, resourceLimits])
})

fuzz('reports of the OOM killer, and turning points', {}, (random) => {
  const lines = Array.from({ length: 1 + random.below(40) }, (_, index): LogLine => {
    const text = random.pick(LOG)
    return {
      text: random.below(2) === 0 ? mutateText(text.repeat(1 + random.below(20)), random) : text,
      tsNsec: BigInt(index * random.below(10 ** 6)),
      level: random.below(8),
      callerId: undefined,
    }
  })
  for (const { start, victims } of readOomReports(lines)) {
    assert.ok(start < lines.length)
    for (const { line, pid } of victims) assert.ok(line >= start && Number.isInteger(pid))
  }
  assert.ok(readTimeline({ lines, troubles: [] }).length <= lines.length + 5)
})
