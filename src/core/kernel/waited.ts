// Things that tasks wait for, each described once: what it is called, who holds it, which disk it hangs on.
import { formatHex } from '../base/hex.ts'
import { attempt } from '../base/errors.ts'
import type { Program } from '../program/program.ts'
import { waitedStruct, type BlockedOn } from './blocked_on.ts'
import { DiskIo, diskOfBlockDevice, diskOfInode } from './disk_io.ts'
import { inodeText } from './identify_page.ts'
import {
  mutexHolders,
  percpuRwsemHolders,
  rtMutexHolders,
  rwsemHolders,
  semaphoreHolders,
  type LockHolders,
} from './locking.ts'
import { LockSuspects } from './lock_suspects.ts'
import { runningGracePeriod } from './rcu.ts'
import { currentTask, type Task } from './sched.ts'
import type { TaskStacks } from './task_stacks.ts'
import { findCompleter } from './wait_completer.ts'
import { stackBytes } from './waiter_scan.ts'
import type { Waited, WaitQuality } from './wait_graph.ts'
import { placeName } from './wait_place.ts'

/** What is said of a thing beside its kind and address. */
interface Description {
  readonly name: string
  readonly owners?: readonly Task[]
  readonly ownerNote?: string
  readonly ownerQuality?: WaitQuality
  readonly device?: string
}

/** What things are told by. */
export interface WaitedSources {
  /** Every task by its address. */
  readonly tasks: ReadonlyMap<bigint, Task>
  readonly stacks: TaskStacks
  /** Everything that any task waits for: who waits for one thing may hold another. */
  readonly blocked: ReadonlyMap<Task, BlockedOn>
}

/** Describes what tasks wait for; tasks that wait for one thing are given one object. */
export class WaitedThings {
  readonly disks: DiskIo
  readonly #program: Program
  readonly #tasks: ReadonlyMap<bigint, Task>
  readonly #stacks: TaskStacks
  readonly #blocked: ReadonlyMap<Task, BlockedOn>
  readonly #suspects: LockSuspects
  readonly #known = new Map<string, Waited>()

  constructor(program: Program, { tasks, stacks, blocked }: WaitedSources) {
    this.#program = program
    this.#tasks = tasks
    this.#stacks = stacks
    this.#blocked = blocked
    this.#suspects = new LockSuspects(program, blocked)
    this.disks = new DiskIo(program)
  }

  /** What a task waits for. */
  describe(task: Task, blocked: BlockedOn): Waited {
    const { kind, address, functions } = blocked
    // RCU is one thing, wherever its callers have put their completions; so is a disk.
    const device = kind === 'block-io' ? this.#diskOfStack(task) : ''
    const shared = kind === 'rcu' ? 'rcu' : device
    const place = address === 0n ? functions.by : formatHex(address)
    const key = `${kind} ${shared === '' ? place : shared}`
    const known = address === 0n && shared === '' ? undefined : this.#known.get(key)
    if (known) return known
    const { name, owners = [], ownerNote = '', ...more } = this.#described(task, blocked, device)
    const waited: Waited = {
      ...{ kind, address, name, owners, ownerNote },
      ownerQuality: more.ownerQuality ?? 'exact',
      device: more.device ?? '',
    }
    this.#known.set(key, waited)
    return waited
  }

  #described(task: Task, blocked: BlockedOn, disk: string): Description {
    const { kind, address } = blocked
    switch (kind) {
      case 'mutex':
      case 'rwsem-read':
      case 'rwsem-write':
      case 'semaphore':
      case 'rt-mutex':
      case 'percpu-rwsem':
        return address === 0n ? unplaced(blocked) : this.#lock(blocked)
      case 'rcu':
        return this.#gracePeriod()
      case 'work':
      case 'completion':
        return this.#completion(task, blocked)
      case 'folio':
        return attempt(() => this.#folio(address)) ?? unplaced(blocked)
      case 'buffer':
        return attempt(() => this.#buffer(address)) ?? unplaced(blocked)
      case 'block-io':
        return { name: disk === '' ? 'block I/O' : `I/O of ${disk}`, device: disk }
      case 'wait-queue':
        return address === 0n ? unplaced(blocked) : { name: this.#place(blocked) }
      case 'spinlock':
      case 'freezer':
      case 'timer':
      case 'unknown':
        return unplaced(blocked)
    }
  }

  #lock(blocked: BlockedOn): Description {
    const name = this.#place(blocked)
    const holders = attempt(() => lockHolders(this.#program, blocked))
    if (!holders) return { name, ownerNote: 'the lock cannot be read' }
    const { owners, quality, note } = holders
    const known = owners.map((owner) => this.#taskAt(owner))
    if (quality !== 'guess') return { name, owners: known, ownerNote: note, ownerQuality: quality }
    return { name, ...this.#guessed(blocked.address, known, note) }
  }

  /** Who may hold a lock that does not tell: one who is named by it and by its own stack is believed. */
  #guessed(lock: bigint, named: readonly Task[], note: string): Omit<Description, 'name'> {
    const suspects = this.#suspects.find(lock)
    const both = named.filter(({ address }) => suspects.some((task) => task.address === address))
    if (both.length > 0) return { owners: both, ownerNote: note, ownerQuality: 'validated' }
    const found = suspects.map((task) => `PID ${task.number('pid')}`).join(', ')
    const guess = found === '' ? '' : `; by its stack it may be ${found}`
    const owners =
      suspects.length > 0 ? suspects : named.filter((task) => !this.#waitsFor(task, lock))
    return { owners, ownerNote: `${note}${guess}`, ownerQuality: 'guess' }
  }

  /** Who read last may have gone, and want to write now. */
  #waitsFor(task: Task, lock: bigint): boolean {
    return this.#blocked.get(task)?.address === lock
  }

  /** Owners may be gone: their task_struct then is what is left in memory. */
  #taskAt(address: bigint): Task {
    return this.#tasks.get(address) ?? this.#program.objectAt('struct task_struct', address)
  }

  #place(blocked: BlockedOn): string {
    const { kind, address, frames, functions } = blocked
    return placeName(this.#program, address, {
      struct: waitedStruct(kind),
      frames: frames.slice(functions.caller),
      stacks: this.#stacks,
    })
  }

  /** CPUs that have not reported stand for what they run; idle ones are about to report. */
  #gracePeriod(): Description {
    const program = this.#program
    const { cpus = [], tasks = [] } = attempt(() => runningGracePeriod(program)) ?? {}
    const running = cpus.flatMap((cpu) => attempt(() => currentTask(program, cpu)) ?? [])
    return {
      name: 'an RCU grace period',
      owners: [...tasks, ...running.filter((task) => task.number('pid') !== 0)],
      ownerNote: cpus.length === 0 ? '' : `no quiescent state yet on CPU ${cpus.join(', ')}`,
      ownerQuality: 'validated',
    }
  }

  #completion(task: Task, blocked: BlockedOn): Description {
    const { address, functions } = blocked
    const completer = attempt(() =>
      findCompleter(this.#program, { task, by: functions.by, completion: address }, this.#tasks),
    )
    const { name = '', owners = [], note = '' } = completer ?? {}
    const place = (): string => (address === 0n ? unplaced(blocked).name : this.#place(blocked))
    return {
      name: name === '' ? place() : name,
      owners,
      ownerNote: note,
    }
  }

  #folio(address: bigint): Description {
    const page = this.#program.objectAt('struct page', address)
    const mapping = page.pointer('mapping')
    // The low bits mark what is no file. @source include/linux/page-flags.h
    if (mapping === 0n || (mapping & 3n) !== 0n)
      return { name: `page ${formatHex(address)} of no file` }
    const inode = this.#program.objectAt('struct address_space', mapping).get('host').deref()
    // Since v6.16, commit acc53a0b4c15 ("mm: rename page->index to page->__folio_index").
    const index = page.bigint('__folio_index', 'index')
    const device = attempt(() => diskOfInode(inode)) ?? ''
    const isBlockDevice = inode.string('i_sb.s_type.name') === 'bdev' && device !== ''
    const file = isBlockDevice ? device : attempt(() => inodeText(inode))
    return { name: `page ${index} of ${file ?? 'a file'}`, device }
  }

  #buffer(address: bigint): Description {
    const buffer = this.#program.objectAt('struct buffer_head', address)
    const device = buffer.get('b_bdev').deref()
    const disk = diskOfBlockDevice(device)
    return { name: `block ${buffer.bigint('b_blocknr')} of ${disk}`, device: disk }
  }

  #diskOfStack(task: Task): string {
    const stack = stackBytes(task)
    return stack ? (attempt(() => this.disks.diskOfStack(stack)) ?? '') : ''
  }
}

/** What has no place is called by the function that sleeps. */
function unplaced({ kind, functions }: BlockedOn): Description {
  const what = kind === 'unknown' ? 'something unknown' : `${kind}, not found`
  return { name: functions.by === '' ? what : `${functions.by}()` }
}

function lockHolders(program: Program, { kind, address }: BlockedOn): LockHolders {
  switch (kind) {
    case 'mutex':
      return mutexHolders(program.objectAt('struct mutex', address))
    case 'rwsem-read':
    case 'rwsem-write':
      return rwsemHolders(program.objectAt('struct rw_semaphore', address))
    case 'semaphore':
      return semaphoreHolders(program.objectAt('struct semaphore', address))
    case 'percpu-rwsem':
      return percpuRwsemHolders(program.objectAt('struct percpu_rw_semaphore', address))
    default:
      return rtMutexHolders(rtMutexAt(program, address))
  }
}

function rtMutexAt(program: Program, address: bigint): ReturnType<Program['objectAt']> {
  // Since v5.15 its inner part is a struct of its own.
  return program.hasType('struct rt_mutex_base')
    ? program.objectAt('struct rt_mutex_base', address)
    : program.objectAt('struct rt_mutex', address)
}
