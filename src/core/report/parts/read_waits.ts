// Who waits for what as a report has it: the graph with indexes for pointers, and bounded.
import { formatHex } from '../../base/hex.ts'
import type { Wait, Waited, WaitGraph, WaitGroup } from '../../kernel/wait_graph.ts'
import type { ReportWait, ReportWaited, ReportWaitGroup, ReportWaits } from '../model/wait_model.ts'
import { taskName } from './read_stacks.ts'

const GROUPS_MAX = 50
const WAITS_MAX = 100
const CYCLE_MAX = 50
const OWNERS_MAX = 10

/** Turn a wait-for graph into that of a report. */
export function toWaits({ waits, groups, problems }: WaitGraph): ReportWaits {
  const things = new ThingList()
  return {
    total: waits.length,
    groups: groups.slice(0, GROUPS_MAX).map((group) => toWaitGroup(group, things)),
    // Evaluated last: the groups fill it.
    things: things.list,
    problems,
  }
}

/** Things by the order in which they are met. */
class ThingList {
  readonly list: ReportWaited[] = []
  readonly #indexes = new Map<Waited, number>()

  indexOf(thing: Waited): number {
    const known = this.#indexes.get(thing)
    if (known !== undefined) return known
    const { kind, address, name, owners, ownerNote, ownerQuality, device } = thing
    this.#indexes.set(thing, this.list.length)
    this.list.push({
      kind,
      address: address === 0n ? null : formatHex(address),
      name,
      owners: owners.slice(0, OWNERS_MAX).map(taskName),
      ...{ ownerNote, ownerQuality, device },
    })
    return this.list.length - 1
  }
}

function toWaitGroup({ waits, root, cycle }: WaitGroup, things: ThingList): ReportWaitGroup {
  return {
    count: waits.length,
    waits: waits.slice(0, WAITS_MAX).map((wait) => toWait(wait, things)),
    root: root && {
      on: things.indexOf(root.on),
      owner: root.owner && taskName(root.owner),
      state: root.state,
    },
    cycle: cycle.slice(0, CYCLE_MAX).map((wait) => toWait(wait, things)),
  }
}

function toWait(
  { task, on, function: name, seconds, quality }: Wait,
  things: ThingList,
): ReportWait {
  return { task: taskName(task), on: things.indexOf(on), function: name, seconds, quality }
}
