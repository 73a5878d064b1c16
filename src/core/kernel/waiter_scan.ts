// What a sleeping task has put on its own stack to be found by: entries of lock waiters and of wait queues. Locals have
// no debug info, but each entry holds the task's address and is linked into a ring both ways, which nothing else is.
// Source: kernel/locking/mutex.h, rwsem.c, semaphore.c, include/linux/wait.h, swait.h.
import { hi32, lo32, wrap64 } from '../base/addr.ts'
import { attempt } from '../base/errors.ts'
import type { Program } from '../program/program.ts'
import type { Task } from './sched.ts'
import { kernelStack } from './stack_bounds.ts'

/** What sort of entry it is. */
export type WaiterKind = 'lock' | 'queue' | 'simple-queue'

/** An entry on a stack. */
export interface StackWaiter {
  readonly kind: WaiterKind
  /** Where the struct begins. */
  readonly entry: bigint
  /** Its list node. */
  readonly node: bigint
  /** From the node to the word that tells an entry from the head: its task, or the function that wakes it. */
  readonly mark: number
}

/** A kind of entry: offsets of its task pointer, of its list node, and of the word that marks it. */
interface WaiterShape {
  readonly kind: WaiterKind
  readonly task: number
  readonly node: number
  readonly mark: number
}

/** A stack's words that are in use. */
export interface StackBytes {
  /** Where the first of them lies. */
  readonly start: bigint
  readonly view: DataView
}

/** The part of a sleeping task's stack that is in use; undefined if it cannot be read. */
export function stackBytes(task: Task): StackBytes | undefined {
  return attempt(() => {
    const { start, end } = kernelStack(task)
    // arm64 keeps what it switches in a struct of its own.
    const sp = (task.find('thread.sp') ?? task.get('thread.cpu_context.sp')).pointer()
    const from = sp > start && sp < end ? sp & ~7n : start
    const bytes = task.program.memory.bytes(from, Number(end - from))
    return { start: from, view: new DataView(bytes.buffer, bytes.byteOffset, bytes.length) }
  })
}

/** Finds a kernel's waiters on stacks. */
export class WaiterScan {
  readonly #program: Program
  readonly #shapes: readonly WaiterShape[]

  constructor(program: Program) {
    this.#program = program
    this.#shapes = waiterShapes(program)
  }

  /** Entries of a task on its own stack, innermost first. */
  find(task: Task, stack: StackBytes): StackWaiter[] {
    const found: StackWaiter[] = []
    for (const at of wordOffsets(stack.view, task.address, this.#program.memory.littleEndian)) {
      for (const shape of this.#shapes) {
        const entry = stack.start + BigInt(at - shape.task)
        const node = entry + BigInt(shape.node)
        if (at >= shape.task && this.#isLinked(node))
          found.push({ kind: shape.kind, entry, node, mark: shape.mark - shape.node })
      }
    }
    return found
  }

  /** Do both neighbours point back? */
  #isLinked(node: bigint): boolean {
    const { memory, arch } = this.#program
    return (
      attempt(() => {
        const next = memory.u64(node)
        const prev = memory.u64(node + 8n)
        if ((next & 7n) !== 0n || !arch.isKernelAddress(next) || !arch.isKernelAddress(prev))
          return false
        return memory.u64(wrap64(next + 8n)) === node && memory.u64(prev) === node
      }) ?? false
    )
  }
}

/** Byte offsets of the words that hold an address. */
function* wordOffsets(view: DataView, address: bigint, littleEndian: boolean): Generator<number> {
  const hi = hi32(address)
  const lo = lo32(address)
  const [first, second] = littleEndian ? [lo, hi] : [hi, lo]
  for (let at = 0; at + 8 <= view.byteLength; at += 8)
    if (
      view.getUint32(at, littleEndian) === first &&
      view.getUint32(at + 4, littleEndian) === second
    )
      yield at
}

function waiterShapes(program: Program): WaiterShape[] {
  // Since v4.13, commit ac6424b981bc ("sched/wait: Rename wait_queue_t => wait_queue_entry_t").
  const known: readonly (readonly [WaiterKind, type: string, task: string, mark: string])[] = [
    ['lock', 'struct mutex_waiter', 'task', 'task'],
    ['lock', 'struct rwsem_waiter', 'task', 'task'],
    ['lock', 'struct semaphore_waiter', 'task', 'task'],
    ['queue', 'struct wait_queue_entry', 'private', 'func'],
    ['queue', 'struct __wait_queue', 'private', 'func'],
    ['simple-queue', 'struct swait_queue', 'task', 'task'],
  ]
  const shapes = new Map<string, WaiterShape>()
  for (const [kind, type, task, mark] of known) {
    if (!program.hasType(type)) continue
    const shape = {
      kind,
      task: program.offsetof(type, task),
      node: program.offsetof(type, 'list', 'entry', 'task_list'),
      mark: program.offsetof(type, mark),
    }
    shapes.set(`${kind} ${shape.task} ${shape.node}`, shape)
  }
  return [...shapes.values()]
}
