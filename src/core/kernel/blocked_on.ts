// What one task waits for, and where that lies: by the kernel's own pointer where there is one, else by what the task has
// put on its own stack. Source: include/linux/hung_task.h, kernel/locking/, include/linux/wait_bit.h, mm/filemap.c.
import { wrap64 } from '../base/addr.ts'
import { attempt } from '../base/errors.ts'
import { stripType } from '../debuginfo/type.ts'
import type { Program } from '../program/program.ts'
import type { Task } from './sched.ts'
import { waitFunctions, type WaitFrame, type WaitFunctions } from './wait_function.ts'
import type { WaitedKind, WaitQuality } from './wait_graph.ts'
import type { WaiterRing, WaiterRings } from './waiter_ring.ts'
import { stackBytes, type StackBytes, type StackWaiter, type WaiterScan } from './waiter_scan.ts'

/** What a task was found to wait for. */
export interface BlockedOn {
  readonly kind: WaitedKind
  /** Of the lock, the completion, the queue, the folio, the word of a bit; 0n if it was not found. */
  readonly address: bigint
  /** Where the waiter's own entry lies; 0n if none was found. */
  readonly entry: bigint
  readonly quality: WaitQuality
  readonly functions: WaitFunctions
  readonly frames: readonly WaitFrame[]
}

/** The struct of a lock, and the member in which it keeps its waiters, newest first. */
const LOCKS: Partial<Record<WaitedKind, readonly [struct: string, waiters: readonly string[]]>> = {
  mutex: ['mutex', ['wait_list', 'first_waiter']],
  'rwsem-read': ['rw_semaphore', ['wait_list', 'first_waiter']],
  'rwsem-write': ['rw_semaphore', ['wait_list', 'first_waiter']],
  semaphore: ['semaphore', ['wait_list', 'first_waiter']],
  'percpu-rwsem': ['percpu_rw_semaphore', ['waiters']],
}

/** Kinds that wait for a completion below. */
const COMPLETIONS: ReadonlySet<WaitedKind> = new Set(['completion', 'rcu', 'work', 'block-io'])

/** The struct that lies where something of this kind is waited for; '' if there is none of a name. */
export function waitedStruct(kind: WaitedKind): string {
  if (kind === 'rt-mutex') return 'rt_mutex'
  return LOCKS[kind]?.[0] ?? (COMPLETIONS.has(kind) ? 'completion' : '')
}

/** Finds what tasks wait for. */
export class BlockedOnFinder {
  readonly #program: Program
  readonly #scan: WaiterScan
  readonly #rings: WaiterRings

  constructor(program: Program, scan: WaiterScan, rings: WaiterRings) {
    this.#program = program
    this.#scan = scan
    this.#rings = rings
  }

  /** Does a task that could be woken by a signal wait for a lock? Costs a look at its stack. */
  hasLockWaiter(task: Task): boolean {
    const stack = stackBytes(task)
    return stack !== undefined && this.#scan.find(task, stack).some(({ kind }) => kind === 'lock')
  }

  /** What a sleeping task waits for; of kind 'unknown' if nothing tells. */
  find(task: Task, frames: readonly WaitFrame[]): BlockedOn {
    const functions = waitFunctions(frames)
    const stack = stackBytes(task)
    const waiters = stack ? this.#scan.find(task, stack) : []
    const place =
      attempt(() => kernelTold(task, functions.kind)) ??
      attempt(() => this.#waiterPlace(functions.kind, waiters, stack)) ??
      attempt(() => this.#writerPlace(task, functions.kind, stack))
    const nothing = { kind: functions.kind, address: 0n, entry: 0n, quality: 'guess' } as const
    const found = place ?? nothing
    // Of tasks that wait for each other's ww_mutexes one is told to give back what it has.
    const isUnsure = /^_*ww_mutex/.test(functions.by)
    return { ...found, quality: isUnsure ? 'guess' : found.quality, functions, frames }
  }

  #waiterPlace(
    kind: WaitedKind,
    waiters: readonly StackWaiter[],
    stack: StackBytes | undefined,
  ): Place | undefined {
    if (LOCKS[kind] && kind !== 'percpu-rwsem') return this.#lockPlace(kind, waiters, stack)
    for (const waiter of waiters) {
      if (waiter.kind === 'lock') continue
      const place = attempt(() => this.#queuePlace(kind, waiter))
      if (place) return place
    }
    return undefined
  }

  #lockPlace(
    kind: WaitedKind,
    waiters: readonly StackWaiter[],
    stack: StackBytes | undefined,
  ): Place | undefined {
    for (const waiter of waiters) {
      const ring = waiter.kind === 'lock' ? this.#rings.find(waiter) : undefined
      if (!ring) continue
      const address = ring.head === undefined ? this.#headless(kind, ring, stack) : ring.head
      if (address === undefined) continue
      return {
        kind,
        address: this.#lockOf(kind, address),
        entry: waiter.entry,
        quality: 'validated',
      }
    }
    return undefined
  }

  /** The lock around the head of its waiters. */
  #lockOf(kind: WaitedKind, head: bigint): bigint {
    const [struct = '', members = []] = LOCKS[kind] ?? []
    return wrap64(head - BigInt(this.#program.offsetof(`struct ${struct}`, ...members)))
  }

  /**
   * Since v7.1, commit 25500ba7e77c ("locking/mutex: Remove the list_head from struct mutex"), a lock points to its first
   * waiter and nothing points back: but who waits has the lock's address on its stack.
   */
  #headless(kind: WaitedKind, ring: WaiterRing, stack: StackBytes | undefined): bigint | undefined {
    const [struct = '', members = []] = LOCKS[kind] ?? []
    const program = this.#program
    const offset = BigInt(program.offsetof(`struct ${struct}`, ...members))
    for (const word of stack ? kernelWords(program, stack) : []) {
      const first = attempt(() => program.memory.u64(wrap64(word + offset)))
      if (first !== undefined && ring.nodes.has(first)) return wrap64(word + offset)
    }
    return undefined
  }

  /** What an entry of a queue is an entry for: the function that wakes it says what struct it is a part of. */
  #queuePlace(kind: WaitedKind, waiter: StackWaiter): Place | undefined {
    const program = this.#program
    const { entry } = waiter
    const found = (address: bigint, as = kind): Place => ({
      ...{ kind: as, address, entry, quality: 'validated' as const },
    })
    const wake =
      waiter.kind === 'queue'
        ? program.symbolAt(program.memory.u64(wrap64(waiter.node + BigInt(waiter.mark))))?.name
        : undefined
    if (wake === 'wake_page_function') {
      const offset = BigInt(program.offsetof('struct wait_page_queue', 'wait'))
      const page = program.objectAt('struct wait_page_queue', entry - offset)
      // Since v5.16, commit 2b8c29ac2ebb ("mm/filemap: Convert page wait queues to be folios").
      return found(page.pointer('folio', 'page'), 'folio')
    }
    if (wake === 'wake_bit_function' || wake === 'var_wake_function') {
      const offset = BigInt(program.offsetof('struct wait_bit_queue_entry', 'wq_entry'))
      const bit = program.objectAt('struct wait_bit_queue_entry', entry - offset)
      return found(bit.pointer('key.flags'), kind === 'buffer' ? kind : 'wait-queue')
    }
    const head = this.#rings.find(waiter)?.head
    if (head === undefined) return undefined
    if (kind === 'percpu-rwsem' && wake?.startsWith('percpu_rwsem') === true)
      return found(this.#lockOf(kind, wrap64(head - this.#headOffset(waiter))))
    const queue = wrap64(head - this.#headOffset(waiter))
    // Block I/O waits in queues as well, for a tag for example.
    if (COMPLETIONS.has(kind) && (kind !== 'block-io' || waiter.kind === 'simple-queue')) {
      const wait = program.offsetof('struct completion', 'wait')
      return found(wrap64(queue - BigInt(wait)))
    }
    return found(queue, kind === 'timer' || kind === 'unknown' ? 'wait-queue' : kind)
  }

  #headOffset({ kind }: StackWaiter): bigint {
    const program = this.#program
    if (kind === 'simple-queue')
      return BigInt(program.offsetof('struct swait_queue_head', 'task_list'))
    // Since v4.13, commit 9d9d676f595b ("sched/wait: Standardize internal naming of wait-queue heads").
    const type = program.hasType('struct wait_queue_head')
      ? 'struct wait_queue_head'
      : 'struct __wait_queue_head'
    return BigInt(program.offsetof(type, 'head', 'task_list'))
  }

  /** Who wants a percpu_rw_semaphore for writing is noted in it, and queues nowhere. @source kernel/locking/percpu-rwsem.c */
  #writerPlace(task: Task, kind: WaitedKind, stack: StackBytes | undefined): Place | undefined {
    if (kind !== 'percpu-rwsem' || !stack) return undefined
    const program = this.#program
    const offset = BigInt(program.offsetof('struct percpu_rw_semaphore', 'writer'))
    for (const word of kernelWords(program, stack)) {
      const writer = attempt(() => program.memory.u64(wrap64(word + offset)))
      if (writer === task.address) return { kind, address: word, entry: 0n, quality: 'validated' }
    }
    return undefined
  }
}

type Place = Pick<BlockedOn, 'kind' | 'address' | 'entry' | 'quality'>

/** Words of a stack that may be addresses of kernel data. */
function* kernelWords({ arch, memory }: Program, { view }: StackBytes): Generator<bigint> {
  for (let at = 0; at + 8 <= view.byteLength; at += 8) {
    const word = view.getBigUint64(at, memory.littleEndian)
    if ((word & 7n) === 0n && arch.isKernelAddress(word)) yield word
  }
}

/** The low bits of task_struct.blocker. @source include/linux/hung_task.h BLOCKER_TYPE_MUTEX and so on */
const BLOCKER_KINDS = ['mutex', 'semaphore', 'rwsem-read', 'rwsem-write'] as const

/** What the kernel itself has noted; undefined if nothing. */
function kernelTold(task: Task, kind: WaitedKind): Place | undefined {
  const { program } = task
  const told = (address: bigint, as: WaitedKind, entry = 0n): Place | undefined =>
    address !== 0n && (address & 7n) === 0n && program.arch.isKernelAddress(address)
      ? { kind: as, address, entry, quality: 'exact' }
      : undefined
  // Since v6.16 with CONFIG_DETECT_HUNG_TASK_BLOCKER, commit e711faaafbe5 ("hung_task: replace blocker_mutex with encoded blocker").
  const blocker = task.find('blocker')?.bigint() ?? 0n
  if (blocker !== 0n) return told(blocker & ~3n, BLOCKER_KINDS[Number(blocker & 3n)] ?? kind)
  const mutex = task.find('blocker_mutex')?.pointer() ?? 0n
  if (mutex !== 0n) return told(mutex, 'mutex')
  const waiter = task.find('pi_blocked_on')
  if (waiter && !waiter.isNull()) {
    const lock = waiter.pointer('lock')
    return told(
      rtLockOf(program, lock, kind),
      kind === 'unknown' ? 'rt-mutex' : kind,
      waiter.pointer(),
    )
  }
  // With CONFIG_DEBUG_MUTEXES it led to the waiter; since v6.17 it is the mutex.
  const blockedOn = task.find('blocked_on')
  const target = blockedOn && stripType(blockedOn.type)
  const pointed = target?.kind === 'pointer' ? stripType(target.target) : undefined
  return blockedOn && pointed?.kind === 'struct' && pointed.name === 'mutex'
    ? told(blockedOn.pointer(), 'mutex')
    : undefined
}

/** CONFIG_PREEMPT_RT builds locks around a rt_mutex. */
function rtLockOf(program: Program, lock: bigint, kind: WaitedKind): bigint {
  if (kind !== 'rwsem-read' && kind !== 'rwsem-write') return lock
  if (!program.hasType('struct rwbase_rt')) return lock
  return wrap64(lock - BigInt(program.offsetof('struct rwbase_rt', 'rtmutex')))
}
