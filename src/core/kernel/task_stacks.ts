// Whose kernel stack an address is on, asked many times.
import { attempt } from '../base/errors.ts'
import type { Task } from './sched.ts'
import { kernelStack, type StackBounds } from './stack_bounds.ts'

interface TaskStack extends StackBounds {
  readonly task: Task
}

/** The stacks of some tasks, in order of address; read when the first is asked for. */
export class TaskStacks {
  readonly #tasks: Iterable<Task>
  #stacks: readonly TaskStack[] | undefined

  constructor(tasks: Iterable<Task>) {
    this.#tasks = tasks
  }

  /** The task whose stack holds an address. */
  at(address: bigint): Task | undefined {
    this.#stacks ??= this.#read()
    const stacks = this.#stacks
    let low = 0
    let high = stacks.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((stacks[middle]?.end ?? 0n) <= address) low = middle + 1
      else high = middle
    }
    const stack = stacks[low]
    return stack && address >= stack.start ? stack.task : undefined
  }

  #read(): TaskStack[] {
    return Array.from(this.#tasks, (task) => {
      const bounds = attempt(() => kernelStack(task))
      return bounds && bounds.start !== 0n ? [{ ...bounds, task }] : []
    })
      .flat()
      .toSorted((a, b) => (a.start < b.start ? -1 : 1))
  }
}
