// Which processes held the most memory.
import { attempt } from '../../base/errors.ts'
import { formatHex } from '../../base/hex.ts'
import { mmSwap, taskMm, taskRss } from '../../kernel/mm.ts'
import type { ProcessMemory } from '../machine_state.ts'
import type { Scene } from '../scene.ts'
import type { AddressSpace } from './address_spaces.ts'

const PROCESSES_MAX = 20
/** Measured exactly: a rough order may be wrong by a few places. */
const CANDIDATES_MAX = 60

/** Find the processes with the most resident memory, the largest first. */
export function topProcesses({ program, addressSpaces }: Scene): ProcessMemory[] {
  const { pageSize } = program.memory
  return addressSpaces
    .toSorted((a, b) => b.pages - a.pages)
    .slice(0, CANDIDATES_MAX)
    .flatMap((space) => attempt(() => measure(space, pageSize)) ?? [])
    .filter(({ rssBytes }) => rssBytes > 0)
    .sort((a, b) => b.rssBytes - a.rssBytes)
    .slice(0, PROCESSES_MAX)
}

function measure({ task, pid, comm }: AddressSpace, pageSize: number): ProcessMemory {
  const mm = taskMm(task)
  return {
    ...{ pid, comm, address: formatHex(task.address) },
    rssBytes: taskRss(task) * pageSize,
    swapBytes: (mm ? (attempt(() => mmSwap(mm)) ?? 0) : 0) * pageSize,
    oomScoreAdj: attempt(() => task.number('signal.oom_score_adj')) ?? null,
  }
}
