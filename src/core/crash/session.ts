// What lasts from one command to the next: the program, the current task, the settings.
import { NotFoundError } from '../base/errors.ts'
import { panicTask } from '../kernel/panic.ts'
import { idleTask, type Task } from '../kernel/sched.ts'
import type { Program } from '../program/program.ts'
import type { Command } from './command.ts'

/** `set` variables; those that only steer crash's own terminal are kept so that scripts run unchanged. */
export type Variables = Map<string, string>

export class Session {
  readonly program: Program
  readonly commands: readonly Command[]
  readonly variables: Variables
  /** Output radix of `struct`, `p` and `task`. */
  radix: 10 | 16 = 10
  /** Set from outside (Ctrl-C); long walks end at the next row. */
  aborted = false
  /** Set by `exit`. */
  finished = false
  #task: Task | undefined

  constructor(program: Program, commands: readonly Command[], variables: Variables = new Map()) {
    this.program = program
    this.commands = commands
    this.variables = variables
  }

  /**
   * The task commands act on: the panic task at first, the idle task of CPU 0 if nothing panicked.
   *
   * @throws {NotFoundError} if the dump names neither
   */
  get task(): Task {
    this.#task ??= panicTask(this.program) ?? idleTask(this.program, 0)
    return this.#task
  }

  set task(task: Task) {
    this.#task = task
  }

  /** Run `body` with another current task. */
  *withTask<T>(task: Task, body: () => Iterable<T>): Generator<T> {
    const before = this.#task
    this.#task = task
    try {
      yield* body()
    } finally {
      this.#task = before
    }
  }

  /** A command by name. @throws {NotFoundError} */
  command(name: string): Command {
    const found = this.commands.find((command) => command.name === name)
    if (!found) throw new NotFoundError('command', name)
    return found
  }
}
