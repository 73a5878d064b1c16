// Who may hold a lock that does not know: tasks that wait for something else, and within whose functions, as far as they
// were run, its address occurs. A guess, better than none.
import { attempt } from '../base/errors.ts'
import type { Program } from '../program/program.ts'
import type { BlockedOn } from './blocked_on.ts'
import type { Task } from './sched.ts'
import type { WaitFrame } from './wait_function.ts'
import { stackBytes } from './waiter_scan.ts'

/** Bounds of a search whose cost is locks times tasks. */
const LOCKS_MAX = 16
const TASKS_MAX = 2000
const FRAMES_MAX = 12
const CODE_SIZE_MAX = 16 * 1024

/** Looks for tasks that may hold locks. */
export class LockSuspects {
  readonly #program: Program
  readonly #blocked: ReadonlyMap<Task, BlockedOn>
  #asked = 0

  constructor(program: Program, blocked: ReadonlyMap<Task, BlockedOn>) {
    this.#program = program
    this.#blocked = blocked
  }

  /** Tasks that wait for something else, and seem to have to do with the lock at this address. */
  find(lock: bigint): Task[] {
    if (++this.#asked > LOCKS_MAX || this.#blocked.size > TASKS_MAX) return []
    const known = new Map<bigint, boolean>()
    const found: Task[] = []
    for (const [task, { address, frames, functions }] of this.#blocked) {
      if (address === lock) continue
      const isNamed = frames
        .slice(functions.caller, functions.caller + FRAMES_MAX)
        .some((frame) => this.#mentions(frame, lock, known))
      if (isNamed || this.#isOnStack(task, frames[functions.caller], lock)) found.push(task)
    }
    return found
  }

  /** Does the code of a function before the place it has come to refer to the lock? */
  #mentions({ ip }: WaitFrame, lock: bigint, known: Map<bigint, boolean>): boolean {
    let result = known.get(ip)
    if (result === undefined) {
      result =
        attempt(() => {
          const symbol = this.#program.symbolAt(ip - 1n)
          if (!symbol) return false
          const size = Number(ip - symbol.address)
          if (size > CODE_SIZE_MAX) return false
          const code = this.#program.memory.bytes(symbol.address, size)
          return this.#program.arch.refersTo(code, symbol.address, lock)
        }) ?? false
      known.set(ip, result)
    }
    return result
  }

  /** In the frames of those that wait, not of what puts them to sleep. */
  #isOnStack(task: Task, from: WaitFrame | undefined, lock: bigint): boolean {
    const stack = from && stackBytes(task)
    if (!stack) return false
    const { littleEndian } = this.#program.memory
    const first = Number(from.sp - stack.start)
    for (let at = Math.max(0, first); at + 8 <= stack.view.byteLength; at += 8)
      if (stack.view.getBigUint64(at, littleEndian) === lock) return true
    return false
  }
}
