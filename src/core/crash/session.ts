// What lasts from one command to the next: the program, the current task, the settings.
import { liveTask } from '../kernel/live_task.ts'
import { forgetActive } from './active_task.ts'
import { panicTask } from '../kernel/panic.ts'
import { idleTask, type Task } from '../kernel/sched.ts'
import type { FormatOptions } from '../program/format_object.ts'
import type { KObject } from '../program/kobject.ts'
import type { Program } from '../program/program.ts'
import type { Command } from './command.ts'
import { VARIABLES } from './variables.ts'

/** What only the machine around a session can do; a browser has none of it. */
export interface SessionHost {
  /** Wait. Ctrl-C is seen behind it. */
  sleep(ms: number): void
  /** Find a module of commands by a path or a name. @throws {NotFoundError} */
  findModule(name: string): string
  /** Modules of the folders that names are searched in. */
  listModules(): string[]
  /** Load a module; what it exports. @throws {UsageError} if it cannot be loaded */
  loadModule(path: string): Readonly<Record<string, unknown>>
}

/** Commands of a person's own, loaded by `extend`. */
export interface Extension {
  readonly path: string
  readonly commands: readonly Command[]
}

/** One person at one dump. */
export class Session {
  readonly program: Program
  /** Those of kbox, behind them those of extensions. */
  commands: readonly Command[]
  /** What `extend` has loaded, by load. */
  extensions: readonly Extension[] = []
  host: SessionHost | undefined
  /** What `set` keeps, by name; crash's names and spellings. */
  readonly variables = new Map<string, string>(
    VARIABLES.map(({ name, initial }) => [name, initial]),
  )
  /** Aliases of this session: name → words put in its place. */
  readonly aliases = new Map<string, readonly string[]>()
  /** Values `p` has shown: `$1` is the first. */
  readonly history: KObject[] = []
  /** Set from outside (Ctrl-C); walks end at the next row. */
  aborted = false
  /** Set by `exit`. */
  finished = false
  #task: Task | undefined

  constructor(program: Program, commands: readonly Command[]) {
    this.program = program
    forgetActive(program)
    this.commands = commands
  }

  /**
   * The task commands act on: the panic task at first; on a living machine the one that looks; else the idle task of CPU 0.
   *
   * @throws {NotFoundError} if the dump names neither
   */
  get task(): Task {
    this.#task ??= panicTask(this.program) ?? liveTask(this.program) ?? idleTask(this.program, 0)
    return this.#task
  }

  set task(task: Task) {
    this.#task = task
  }

  /** Keep a setting, checked before; what is not only looked at is done here. */
  setVariable(name: string, value: string): void {
    this.variables.set(name, value)
    if (name === 'zero_excluded') this.program.memory.zeroExcluded = value === 'on'
  }

  /** Output radix of `struct`, `p` and `task`. */
  get radix(): 10 | 16 {
    return this.variables.get('radix') === '16' ? 16 : 10
  }

  /** How objects are printed; `-x` and `-d` override the radix. */
  format(override: { readonly hex?: boolean; readonly decimal?: boolean } = {}): FormatOptions {
    const elementsMax = Number(this.variables.get('print_max'))
    return {
      radix: override.hex ? 16 : override.decimal ? 10 : this.radix,
      ...(elementsMax > 0 ? { elementsMax } : {}),
      arrayLines: this.variables.get('print_array') === 'on',
      stopAtNul: this.variables.get('null-stop') === 'on',
    }
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

  /** A command by name, aliases not searched. */
  findCommand(name: string): Command | undefined {
    return this.commands.find((command) => command.name === name)
  }
}
