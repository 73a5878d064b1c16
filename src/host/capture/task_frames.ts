// The frames of every task: its task_struct, its stack, its address space and its signals. Source: include/linux/sched.h.
import { CorruptError, NotFoundError } from '../../core/base/errors.ts'
import type { TypeFacts } from '../../core/debuginfo/type_facts.ts'
import type { FrameWalk } from './frame_walk.ts'

/** Tasks walked: their addresses take 2 MiB. What more there are is written with other slabs. */
const TASKS_MAX = 32_768
/** THREAD_SIZE with KASAN; where stacks are vmalloc'ed, a guard page ends them sooner. */
const STACK_MAX = 32_768
/** Each task is in two lists, walked in both directions at most; damaged lists run in circles. */
const STEPS_MAX = 4 * TASKS_MAX
const STRUCT_MAX = 64 * 1024
/** `struct list_head`: next, prev. */
const LIST_LINKS = [0n, 8n]

/** Offsets and sizes, in bytes. */
interface TaskLayout {
  readonly size: number
  readonly tasks: bigint
  readonly threadNode: bigint
  readonly stack: number
  readonly mm: number
  readonly signal: number
  readonly threadHead: bigint
  readonly mmSize: number
  readonly signalSize: number
}

/**
 * Note the frames of all tasks. A task list that is broken is walked from both ends.
 *
 * @param initTask address of `init_task`
 * @param idleTasks addresses of the idle tasks, which are in no list
 * @throws {NotFoundError} if the types lack something
 */
export function addTasks(
  walk: FrameWalk,
  types: TypeFacts,
  initTask: bigint,
  idleTasks: readonly (bigint | undefined)[],
): void {
  const tasks = new TaskWalk(walk, readLayout(types))
  for (const task of idleTasks) if (task !== undefined) tasks.add(task)
  tasks.addProcesses(initTask)
}

class TaskWalk {
  readonly #walk: FrameWalk
  readonly #layout: TaskLayout
  readonly #seen = new Set<bigint>()
  /** The task_struct looked at. */
  readonly #task: Uint8Array
  readonly #view: DataView
  #at = 0n
  #steps = 0

  constructor(walk: FrameWalk, layout: TaskLayout) {
    this.#walk = walk
    this.#layout = layout
    this.#task = new Uint8Array(layout.size)
    this.#view = new DataView(this.#task.buffer)
  }

  /** Walk the list of processes, each with its threads. */
  addProcesses(initTask: bigint): void {
    this.add(initTask)
    const { tasks } = this.#layout
    this.#forEachEntry(initTask + tasks, tasks, (process) => {
      if (!this.add(process)) return false
      this.#addThreads(process)
      return true
    })
  }

  /** Note the frames of a task; false if it was there before, cannot be read, or there are too many. */
  add(task: bigint): boolean {
    if (this.#seen.has(task) || this.#seen.size >= TASKS_MAX) return false
    this.#seen.add(task)
    this.#at = task
    if (!this.#walk.read(task, this.#task)) return false
    const { size, stack, mm, signal, mmSize, signalSize } = this.#layout
    this.#walk.add(task, size)
    this.#walk.add(this.#member(stack), STACK_MAX)
    this.#walk.add(this.#member(mm), mmSize)
    this.#walk.add(this.#member(signal), signalSize)
    return true
  }

  #addThreads(process: bigint): void {
    const { signal, threadHead, threadNode } = this.#layout
    const head = this.#member(signal) + threadHead
    // The leader is in its list.
    this.#forEachEntry(head, threadNode, (thread) => this.add(thread) || thread === process)
  }

  /** Walk a list forwards, and backwards if it breaks off; either ends where `visit` says false. */
  #forEachEntry(head: bigint, offset: bigint, visit: (entry: bigint) => boolean): void {
    for (const link of LIST_LINKS) {
      let node = this.#pointer(head + link)
      while (node !== undefined && node !== head && this.#steps++ < STEPS_MAX) {
        if (!visit(node - offset)) break
        node = this.#pointer(node + link)
      }
      if (node === head) return
    }
  }

  /** A pointer in the task looked at. */
  #member(offset: number): bigint {
    return this.#view.getBigUint64(offset, this.#walk.littleEndian)
  }

  /** A pointer anywhere; those in the task looked at cost nothing. */
  #pointer(address: bigint): bigint | undefined {
    const offset = Number(address - this.#at)
    return offset >= 0 && offset + 8 <= this.#task.length
      ? this.#member(offset)
      : this.#walk.pointer(address)
  }
}

function readLayout(types: TypeFacts): TaskLayout {
  const size = (name: string): number => {
    const bytes = found(name, types.size(name))
    if (bytes > STRUCT_MAX) throw new CorruptError(0n, `struct ${name} of ${bytes} bytes`)
    return bytes
  }
  const offset = (path: string): number => found(path, types.offset(path))
  const taskSize = size('task_struct')
  const pointer = (path: string): number => {
    const at = offset(path)
    if (at + 8 > taskSize) throw new CorruptError(0n, `${path} at ${at} leaves its struct`)
    return at
  }
  return {
    size: taskSize,
    tasks: BigInt(offset('task_struct.tasks')),
    threadNode: BigInt(offset('task_struct.thread_node')),
    stack: pointer('task_struct.stack'),
    mm: pointer('task_struct.mm'),
    signal: pointer('task_struct.signal'),
    threadHead: BigInt(offset('signal_struct.thread_head')),
    mmSize: size('mm_struct'),
    signalSize: size('signal_struct'),
  }
}

function found<T>(what: string, value: T | undefined): T {
  if (value === undefined) throw new NotFoundError('type', what)
  return value
}
