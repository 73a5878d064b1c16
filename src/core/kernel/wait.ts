// Wait queues, simple ones too: who sleeps until something happens. Source: include/linux/wait.h, include/linux/swait.h,
// fs/select.c.
import { wrap64 } from '../base/addr.ts'
import { FaultError } from '../base/errors.ts'
import { stripType } from '../debuginfo/type.ts'
import type { KObject } from '../program/kobject.ts'
import type { Program } from '../program/program.ts'
import { listForEach } from './list.ts'
import type { Task } from './sched.ts'

/** What waits in a queue. */
export interface Waiter {
  /** Address of the `struct wait_queue_entry` or `struct swait_queue`. */
  readonly entry: bigint
  /** Undefined for entries that only call something: epoll, io_uring, kernel internals. */
  readonly task: Task | undefined
  /** What is called to wake it; 0n in a simple queue, which wakes tasks only. */
  readonly wake: bigint
}

/** Offsets within an entry. */
interface EntryLayout {
  readonly link: bigint
  readonly task: bigint
  /** Absent in simple queues. */
  readonly wake: bigint | undefined
}

/**
 * Walk a wait queue of either kind.
 *
 * What kind it is says the head's type; a bare address is asked by its first entry, which in a full queue has a
 * function before its link.
 *
 * @param head `wait_queue_head_t`, `struct swait_queue_head`, or whatever lies at its place
 * @yields waiters, first to be woken first
 * @source include/linux/wait.h, kernel/sched/swait.c
 */
export function* waitqueueForEach(head: KObject): Generator<Waiter> {
  const { program } = head
  const list = listHead(head)
  let layout: EntryLayout | undefined
  for (const link of listForEach(list)) {
    layout ??= entryLayout(program, head, link)
    const entry = wrap64(link - layout.link)
    const pointer = program.memory.u64(wrap64(entry + layout.task))
    const wake = layout.wake === undefined ? 0n : program.memory.u64(wrap64(entry + layout.wake))
    yield { entry, task: waitingTask(program, pointer, wake), wake }
  }
}

/** Does anyone wait? @source include/linux/wait.h waitqueue_active() */
export function waitqueueActive(head: KObject): boolean {
  return !listForEach(listHead(head)).next().done
}

/** Tasks in a wait queue; entries that only call something are left out. */
export function* waitqueueForEachTask(head: KObject): Generator<Task> {
  for (const { task } of waitqueueForEach(head)) if (task) yield task
}

/** Both kinds of heads are a lock and a list. */
function listHead(head: KObject): KObject {
  const { program } = head
  const named = head.find('head', 'task_list')
  if (named) return named
  const offset = BigInt(program.offsetof(headType(program), 'head', 'task_list'))
  return program.objectAt('struct list_head', wrap64(head.address + offset))
}

function headType(program: Program): string {
  // Since v4.13, commit 9d9d676f595b ("sched/wait: Standardize internal naming of wait-queue heads").
  return program.hasType('struct wait_queue_head')
    ? 'struct wait_queue_head'
    : 'struct __wait_queue_head'
}

function entryLayout(program: Program, head: KObject, link: bigint): EntryLayout {
  // Since v4.13, commit ac6424b981bc ("sched/wait: Rename wait_queue_t => wait_queue_entry_t").
  const type = ['struct wait_queue_entry', 'struct __wait_queue'].find((name) =>
    program.hasType(name),
  ) as string
  const full: EntryLayout = {
    link: BigInt(program.offsetof(type, 'entry', 'task_list')),
    task: BigInt(program.offsetof(type, 'private')),
    wake: BigInt(program.offsetof(type, 'func')),
  }
  const simple = 'struct swait_queue'
  if (!program.hasType(simple) || !isSimple(program, head, link, full)) return full
  return {
    link: BigInt(program.offsetof(simple, 'task_list')),
    task: BigInt(program.offsetof(simple, 'task')),
    wake: undefined,
  }
}

function isSimple(program: Program, head: KObject, link: bigint, full: EntryLayout): boolean {
  const type = stripType(head.type)
  if (type.kind === 'struct' && type.name.endsWith('wait_queue_head'))
    return type.name.startsWith('swait')
  const wake = program.memory.u64(wrap64(link - full.link + (full.wake ?? 0n)))
  return !/^[tTwW]$/.test(program.symbolAt(wake)?.type ?? '')
}

/** The task behind an entry's pointer, if that is one. */
function waitingTask(program: Program, pointer: bigint, wake: bigint): Task | undefined {
  if (pointer === 0n) return undefined
  // poll() and select() hang a table between the entry and the task. @source fs/select.c __pollwait()
  const isPoll = wake !== 0n && program.symbolAt(wake)?.name === 'pollwake'
  if (isPoll && program.hasType('struct poll_wqueues')) {
    const table = program.objectAt('struct poll_wqueues', pointer)
    return table.get('polling_task').deref().cast('struct task_struct')
  }
  const task = program.objectAt('struct task_struct', pointer)
  return isTask(task) ? task : undefined
}

/** Others keep pointers of their own where tasks keep theirs; a task is linked among the threads of its process. */
function isTask(task: Task): boolean {
  const { program } = task
  if (!program.arch.isKernelAddress(task.address) || (task.address & 7n) !== 0n) return false
  try {
    const node = task.get('thread_node')
    return program.memory.u64(wrap64(node.pointer('next') + 8n)) === node.address
  } catch (error) {
    if (error instanceof FaultError) return false
    throw error
  }
}
