// What all rules look at: the log as trouble, the faults with their registers, the stacks, who waits for whom. Each is
// made once, when the first rule asks; what the dump lacks is empty, never a failure.
import { attempt, KdumpError } from '../base/errors.ts'
import { panicCpu, panicTask } from '../kernel/panic.ts'
import { forEachCpu } from '../kernel/percpu.ts'
import { readLog, type LogRecord } from '../kernel/printk.ts'
import { currentTask, type Task } from '../kernel/sched.ts'
import { cpuTrace, stackTrace } from '../kernel/stack.ts'
import { searchTasks, type TaskSearch } from '../kernel/task_search.ts'
import { buildWaitGraph, type WaitGraph } from '../kernel/wait_graph.ts'
import type { Program } from '../program/program.ts'
import type { Registers } from '../program/registers.ts'
import type { StackTrace } from '../program/stack_trace.ts'
import { classifyCrash, PANIC_PREFIX, type CrashWords } from './crash_kind.ts'
import { findCpuHangs, type CpuHang } from './cpu_hang.ts'
import { readFaults, type Fault } from './fault.ts'
import { readIncidents, type Incident } from './incident.ts'
import type { MemoryState } from './machine_state.ts'
import { namedFrames, type NamedFrame } from './named_frame.ts'
import { addressSpaces, type AddressSpace } from './state/address_spaces.ts'
import { readMemoryState } from './state/memory_state.ts'
import { logLines, readTroubles, type LogLine, type Trouble } from './trouble.ts'

/** A stack with names. */
export interface SceneTrace {
  readonly frames: readonly NamedFrame[]
  readonly end: StackTrace['end']
  readonly why: string
  /** Registers on entry from user mode. */
  readonly userRegisters: Registers | undefined
}

/** A crashed kernel, as rules look at it. */
export class Scene {
  readonly program: Program
  readonly #made = new Map<string, unknown>()
  readonly #traces = new Map<bigint, SceneTrace>()

  constructor(program: Program) {
    this.program = program
  }

  /** The log, a line each; [] if it cannot be read. */
  get lines(): readonly LogLine[] {
    return this.#once('lines', () => {
      const records: LogRecord[] = []
      attempt(() => {
        for (const record of readLog(this.program.memory, this.program.info)) records.push(record)
      })
      return logLines(records)
    })
  }

  /** Every piece of trouble in the log, oldest first. */
  get troubles(): readonly Trouble[] {
    return this.#once('troubles', () => readTroubles(this.lines))
  }

  /** What the log says of the crash. */
  get words(): CrashWords {
    return this.#once('words', () => classifyCrash(this.lines.map(({ text }) => text)))
  }

  /** What panic() printed; undefined if it was not called, or not in the log. */
  get panicLine(): LogLine | undefined {
    return this.#once('panicLine', () =>
      this.lines.findLast(({ text }) => text.startsWith(PANIC_PREFIX)),
    )
  }

  /** What panic() was told, without its prefix; '' if it was not called, or not in the log. */
  get panicReason(): string {
    return this.panicLine?.text.slice(PANIC_PREFIX.length) ?? ''
  }

  /** The CPU that panicked; undefined for a machine that did not. */
  get panicCpu(): number | undefined {
    return this.#once('panicCpu', () => attempt(() => panicCpu(this.program)))
  }

  /** The task that was running where the kernel died. */
  get panicTask(): Task | undefined {
    return this.#once('panicTask', () => attempt(() => panicTask(this.program)))
  }

  /** The stack of the task that was running where the kernel died; no frames if it is not known. */
  get panicTrace(): SceneTrace {
    const task = this.panicTask
    return task
      ? this.trace(task)
      : { frames: [], end: 'lost', why: 'no task panicked', userRegisters: undefined }
  }

  /** Faults that the kernel took, oldest first; the one that killed it last, if one did. */
  get faults(): readonly Fault[] {
    return this.#once('faults', () => readFaults(this))
  }

  /** Faults, and reports for which nothing trapped, oldest first, and their part in the crash. */
  get incidents(): readonly Incident[] {
    return this.#once('incidents', () => readIncidents(this))
  }

  /** Every task but the idle ones, as far as they can be found. */
  get tasks(): readonly Task[] {
    return this.#taskSearch.tasks
  }

  /** Why some tasks, or all, were not found; '' if the list was whole. */
  get taskProblem(): string {
    return this.#taskSearch.problem
  }

  get #taskSearch(): Pick<TaskSearch, 'tasks' | 'problem'> {
    return this.#once('taskSearch', () => {
      try {
        return searchTasks(this.program)
      } catch (error) {
        if (!(error instanceof KdumpError)) throw error
        return { tasks: [], problem: `tasks: ${error.message}` }
      }
    })
  }

  /** Who waits for whom. */
  get waits(): WaitGraph {
    return this.#once('waits', () =>
      buildWaitGraph(this.program, { tasks: this.tasks, trace: (task) => this.trace(task) }),
    )
  }

  /** The address spaces of tasks, each once. */
  get addressSpaces(): readonly AddressSpace[] {
    return this.#once('addressSpaces', () => addressSpaces(this.tasks))
  }

  /** What memory was used for; undefined if not even its size is known. */
  get memory(): MemoryState | undefined {
    return this.#once('memory', () => attempt(() => readMemoryState(this)))
  }

  /** CPUs that were online. */
  get cpus(): readonly number[] {
    return this.#once('cpus', () => attempt(() => forEachCpu(this.program, 'online')) ?? [])
  }

  /** CPUs that ran one thing for too long, the longest first. */
  get cpuHangs(): readonly CpuHang[] {
    return this.#once('cpuHangs', () => findCpuHangs(this))
  }

  /** A task's stack. */
  trace(task: Task): SceneTrace {
    let trace = this.#traces.get(task.address)
    if (!trace) {
      trace = this.#named(stackTrace(this.program, task))
      this.#traces.set(task.address, trace)
    }
    return trace
  }

  /** What a CPU was doing. */
  cpuTrace(cpu: number): SceneTrace {
    return this.#once(`cpuTrace ${cpu}`, () => this.#named(cpuTrace(this.program, cpu)))
  }

  /** Which task a CPU ran. */
  currentTask(cpu: number): Task | undefined {
    return attempt(() => currentTask(this.program, cpu))
  }

  #named({ frames, end, why, userRegisters }: StackTrace): SceneTrace {
    return { frames: namedFrames(this.program, frames), end, why, userRegisters }
  }

  #once<T>(name: string, make: () => T): T {
    if (!this.#made.has(name)) this.#made.set(name, make())
    return this.#made.get(name) as T
  }
}
