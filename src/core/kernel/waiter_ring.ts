// From one waiter to what it waits at: the head of the ring is the one node that is no waiter. Since v7.1 locks have no
// head and point to their first waiter, so that nothing in the ring leads to the lock.
// Source: include/linux/list.h, kernel/locking/mutex.c.
import { wrap64 } from '../base/addr.ts'
import { attempt } from '../base/errors.ts'
import type { Program } from '../program/program.ts'
import type { Task } from './sched.ts'
import { kernelStack } from './stack_bounds.ts'
import type { StackWaiter } from './waiter_scan.ts'

/** A ring, as one of its waiters leads around it. */
export interface WaiterRing {
  /** Address of the `struct list_head` that is no waiter; undefined in a ring of waiters only. */
  readonly head: bigint | undefined
  readonly nodes: ReadonlySet<bigint>
}

const RING_LIMIT = 1_000_000

/** Finds the heads of rings; each ring is walked once, however many wait in it. */
export class WaiterRings {
  readonly #program: Program
  readonly #tasks: ReadonlyMap<bigint, Task>
  readonly #rings = new Map<bigint, WaiterRing>()

  /** @param tasks every task by its address */
  constructor(program: Program, tasks: ReadonlyMap<bigint, Task>) {
    this.#program = program
    this.#tasks = tasks
  }

  /** The ring a waiter is in; undefined if it leads nowhere. */
  find(waiter: StackWaiter): WaiterRing | undefined {
    const known = this.#rings.get(waiter.node)
    if (known) return known
    const ring = attempt(() => this.#walk(waiter))
    for (const node of ring?.nodes ?? []) if (ring) this.#rings.set(node, ring)
    return ring
  }

  #walk(waiter: StackWaiter): WaiterRing | undefined {
    const nodes = new Set<bigint>()
    let head: bigint | undefined
    let at = waiter.node
    do {
      if (nodes.size >= RING_LIMIT || nodes.has(at)) return undefined
      if (this.#isWaiter(waiter, at)) nodes.add(at)
      else if (head === undefined) head = at
      else return undefined
      at = this.#program.memory.u64(at)
    } while (at !== waiter.node)
    return { head, nodes }
  }

  /** Entries of full queues call a function, and may belong to no task; those of locks lie on the stack of their task. */
  #isWaiter({ kind, mark }: StackWaiter, node: bigint): boolean {
    const word = this.#program.memory.u64(wrap64(node + BigInt(mark)))
    if (kind === 'queue') return /^[tTwW]$/.test(this.#program.symbolAt(word)?.type ?? '')
    const task = this.#tasks.get(word)
    if (!task || kind === 'simple-queue') return task !== undefined
    const { start, end } = kernelStack(task)
    return node >= start && node < end
  }
}
