// The address spaces there are, each once, and what is resident of it: quick counts, for many.
import { attempt } from '../../base/errors.ts'
import { mmResident, taskMm, type MmResident } from '../../kernel/mm.ts'
import type { Task } from '../../kernel/sched.ts'

/** An address space. */
export interface AddressSpace extends MmResident {
  /** One of the tasks that use it, the leader mostly. */
  readonly task: Task
  /** Of the process. */
  readonly pid: number
  readonly comm: string
}

/** Find the address spaces of tasks. */
export function addressSpaces(tasks: readonly Task[]): AddressSpace[] {
  const seen = new Set<bigint>([0n])
  const found: AddressSpace[] = []
  for (const task of tasks) {
    attempt(() => {
      // Most threads share one that is known: a single word is read of them.
      const address = task.pointer('mm')
      if (seen.has(address)) return
      const mm = taskMm(task)
      if (!mm) return
      seen.add(address)
      // Now, while its page is at hand: a second round over thousands of tasks costs as much again.
      found.push({ task, pid: task.number('tgid'), comm: processName(task), ...mmResident(mm) })
    })
  }
  return found
}

/** Threads may have names of their own. */
function processName(task: Task): string {
  const leader = task.get('group_leader').deref()
  const isThere = leader.address !== task.address && !leader.isNull()
  return (isThere && attempt(() => leader.string('comm'))) || task.string('comm')
}
