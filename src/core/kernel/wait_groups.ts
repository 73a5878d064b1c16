// Waits by what is at the end of them: a cycle, or a root that waits for nothing that is known.
import { attempt } from '../base/errors.ts'
import type { Program } from '../program/program.ts'
import type { DiskIo } from './disk_io.ts'
import type { Task } from './sched.ts'
import { findRings } from './wait_cycles.ts'
import type { WaitFrame } from './wait_function.ts'
import type { Wait, Waited, WaitGroup, WaitRoot } from './wait_graph.ts'
import { ownerState, thingState } from './wait_root.ts'

/** What tells of a root. */
export interface RootSources {
  readonly program: Program
  /** Every task by its address. */
  readonly tasks: ReadonlyMap<bigint, Task>
  readonly trace: (task: Task) => { readonly frames: readonly WaitFrame[] }
  readonly clock: bigint | undefined
  readonly disks: DiskIo
}

/** Group waits by their cycle or their root: cycles first, then the largest first. */
export function groupWaits(waits: readonly Wait[], sources: RootSources): WaitGroup[] {
  const byTask = new Map(waits.map((wait) => [wait.task.address, wait]))
  const next = (wait: Wait): readonly Wait[] =>
    wait.on.owners.flatMap(({ address }) => byTask.get(address) ?? [])
  const previous = new Map<Wait, Wait[]>()
  for (const wait of waits) {
    for (const owner of next(wait)) {
      const known = previous.get(owner)
      if (known) known.push(wait)
      else previous.set(owner, [wait])
    }
  }
  const grouped = new Set<Wait>()
  // Breadth first, so that the nearer stand before those that wait for them.
  const gather = (seeds: readonly Wait[]): Wait[] => {
    const found = seeds.filter((wait) => !grouped.has(wait))
    for (const wait of found) grouped.add(wait)
    for (let index = 0; index < found.length; index++) {
      const here = found[index]
      for (const wait of (here && previous.get(here)) ?? []) {
        if (grouped.has(wait)) continue
        grouped.add(wait)
        found.push(wait)
      }
    }
    return found
  }
  const cycles = findRings(waits, next).map((cycle): WaitGroup => ({
    ...{ waits: gather(cycle), root: null, cycle },
  }))
  const ends = Map.groupBy(
    waits.filter((wait) => next(wait).length === 0),
    ({ on }) => on.owners[0]?.address ?? on,
  )
  const roots = Array.from(ends.values()).flatMap((seeds): WaitGroup[] => {
    const on = mostWaited(seeds)
    return on ? [{ waits: gather(seeds), root: rootOf(on, sources), cycle: [] }] : []
  })
  return [...cycles, ...roots.toSorted((a, b) => b.waits.length - a.waits.length)]
}

/** The thing that most of them wait for. */
function mostWaited(seeds: readonly Wait[]): Waited | undefined {
  const things = Array.from(Map.groupBy(seeds, ({ on }) => on))
  return things.toSorted(([, a], [, b]) => b.length - a.length)[0]?.[0]
}

function rootOf(on: Waited, sources: RootSources): WaitRoot {
  const owner = on.owners[0] ?? null
  const state = owner
    ? (attempt(() => ownerState(owner, sources)) ?? 'cannot be read')
    : (attempt(() => thingState(on, sources)) ?? '')
  return { on, owner, state }
}
