// System calls of the guest's own process, by number, with memory of its own for what they point to. Each call leaves
// something in the kernel that a dump should show. x86-64, as the guests are. Source: arch/x86/entry/syscalls/syscall_64.tbl.
import { allocateZeroed, copyToAddress, systemCall } from '../platform/syscalls.ts'

/** Numbers of the calls used here. */
const SYS = {
  mmap: 9,
  rt_sigprocmask: 14,
  madvise: 28,
  shmget: 29,
  shmat: 30,
  shmctl: 31,
  setitimer: 38,
  socket: 41,
  sendto: 44,
  bind: 49,
  setsockopt: 54,
  semget: 64,
  semop: 65,
  semctl: 66,
  msgget: 68,
  msgsnd: 69,
  fcntl: 72,
  flock: 73,
  sched_setscheduler: 144,
  mlock: 149,
  swapon: 167,
  timer_create: 222,
  timer_settime: 223,
  tgkill: 234,
  timerfd_create: 283,
  timerfd_settime: 286,
  signalfd4: 289,
  eventfd2: 290,
  memfd_create: 319,
  bpf: 321,
  pidfd_open: 434,
} as const

// <asm-generic/mman-common.h>, <asm-generic/mman.h>
const PROT_READ_WRITE = 3
const MAP_SHARED = 1
const MAP_PRIVATE_ANONYMOUS = 0x22

const ARENA_SIZE = 64 * 1024
let arena = 0
let used = 0

/**
 * Make a system call.
 *
 * @param args numbers, addresses, or bytes, of which the address is passed
 * @throws {HostError} with the kernel's errno
 */
export function call(name: keyof typeof SYS, ...args: readonly (number | Uint8Array)[]): number {
  const passed = args.map((arg) => (typeof arg === 'number' ? arg : place(arg)))
  return systemCall(name, SYS[name], passed)
}

/** Copy bytes to where system calls find them. They stay there. @returns the address */
export function place(bytes: Uint8Array): number {
  if (arena === 0) arena = allocateZeroed(ARENA_SIZE)
  const at = arena + used
  // The kernel's structures are aligned to 8 at most.
  used += (bytes.length + 7) & ~7
  if (used > ARENA_SIZE) throw new RangeError('the arena is full')
  copyToAddress(at, bytes)
  return at
}

/** Map memory: anonymous, or `fd`'s file, which is then shared. @param flags more MAP_* bits */
export function map(size: number, fd = -1, flags = 0): number {
  const kind = fd < 0 ? MAP_PRIVATE_ANONYMOUS : MAP_SHARED
  return call('mmap', 0, size, PROT_READ_WRITE, kind | flags, fd, 0)
}

/** Fill pages with their number, so that no two are alike and none compresses to nothing. */
export function fillPages(address: number, count: number): void {
  for (let page = 0; page < count; page++) {
    const text = `page ${page} of memory that the workload filled\n`
    copyToAddress(address + page * 4096, Buffer.from(text.repeat(4096).slice(0, 4096)))
  }
}

/** Make bytes of integers, each given as [size in bytes, value]; little endian. */
export function bytes(
  ...fields: readonly (readonly [size: 1 | 2 | 4 | 8, value: number])[]
): Uint8Array {
  const made = Buffer.alloc(fields.reduce((sum, [size]) => sum + size, 0))
  let at = 0
  for (const [size, value] of fields) {
    if (size === 8) made.writeBigInt64LE(BigInt(value), at)
    else if (value < 0) made.writeIntLE(value, at, size)
    else made.writeUIntLE(value, at, size)
    at += size
  }
  return made
}
