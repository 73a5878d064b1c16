// Which processes held the most memory.
import { attempt } from '../../base/errors.ts'
import { formatHex } from '../../base/hex.ts'
import { mmRssRoughly, mmSwap, taskMm, taskRss, type Mm } from '../../kernel/mm.ts'
import type { Task } from '../../kernel/sched.ts'
import type { ProcessMemory } from '../machine_state.ts'
import type { Scene } from '../scene.ts'

const PROCESSES_MAX = 20
/** Measured exactly: a rough order may be wrong by a few places. */
const CANDIDATES_MAX = 60

/** Find the processes with the most resident memory, the largest first. */
export function topProcesses({ program, tasks }: Scene): ProcessMemory[] {
  const { pageSize } = program.memory
  return largest(tasks)
    .flatMap((task) => attempt(() => measure(task, pageSize)) ?? [])
    .filter(({ rssBytes }) => rssBytes > 0)
    .sort((a, b) => b.rssBytes - a.rssBytes)
    .slice(0, PROCESSES_MAX)
}

/** One task of each address space: the leader, unless only other threads still have it. */
function largest(tasks: readonly Task[]): Task[] {
  const seen = new Set<bigint>()
  const found: { task: Task; pages: number }[] = []
  for (const task of tasks) {
    attempt(() => {
      const mm = taskMm(task)
      if (!mm || seen.has(mm.address)) return
      seen.add(mm.address)
      found.push({ task, pages: mmRssRoughly(mm) })
    })
  }
  return found
    .sort((a, b) => b.pages - a.pages)
    .slice(0, CANDIDATES_MAX)
    .map(({ task }) => task)
}

function measure(task: Task, pageSize: number): ProcessMemory {
  const mm: Mm | undefined = taskMm(task)
  return {
    pid: task.number('tgid'),
    comm: attempt(() => task.get('group_leader').deref().string('comm')) ?? task.string('comm'),
    address: formatHex(task.address),
    rssBytes: taskRss(task) * pageSize,
    swapBytes: (mm ? (attempt(() => mmSwap(mm)) ?? 0) : 0) * pageSize,
    oomScoreAdj: attempt(() => task.number('signal.oom_score_adj')) ?? null,
  }
}
