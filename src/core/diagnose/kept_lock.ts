// A lock that somebody has come back with: its owner sleeps or runs where nothing takes it.
import type { Task } from '../kernel/sched.ts'
import type { Waited, WaitGroup } from '../kernel/wait_graph.ts'
import { lockUsers } from './lock_users.ts'
import type { Culprit } from './rule.ts'
import type { Scene } from './scene.ts'
import { moduleTaints } from './blame.ts'
import { waitingFrame } from './wait_text.ts'

/** What is known of a lock that was kept. */
export interface KeptLock {
  /** Functions that may have taken it and not given it back; those in which others wait for it left out. */
  readonly takers: readonly string[]
  readonly culprit: Culprit | null
}

/** Has the owner of a lock left the code that takes it? Undefined if not, or if nothing tells. */
export function keptLock(
  scene: Scene,
  group: WaitGroup,
  on: Waited,
  owner: Task,
): KeptLock | undefined {
  if (on.kind !== 'mutex' && on.kind !== 'rwsem-read' && on.kind !== 'rwsem-write') return undefined
  const { frames } = scene.trace(owner)
  if (frames.length === 0) return undefined
  const users = lockUsers(scene.program, on.address)
  const waiters = new Set(group.waits.map(({ task }) => waitingFrame(scene, task)?.name))
  const modules = new Set(group.waits.map(({ task }) => waitingFrame(scene, task)?.module ?? ''))
  // Functions of the kernel itself are on every stack.
  modules.delete('')
  const isThere = frames.some(
    ({ name, module }) => users.some((user) => user.name === name) || modules.has(module),
  )
  // Of a lock without a symbol, used by the kernel itself, nothing tells who takes it.
  if (isThere || (users.length === 0 && modules.size === 0)) return undefined
  const others = users.filter(({ name }) => !waiters.has(name))
  const takers = (others.length > 0 ? others : users).map(({ name }) => name)
  const [first] = others.length > 0 ? others : users
  const isOne = takers.length === 1 && first !== undefined
  const culprit = isOne
    ? {
        ...{ function: first.name, module: first.module, source: '', unit: '' },
        taints: moduleTaints(scene.program, first.module),
      }
    : null
  return { takers, culprit }
}
