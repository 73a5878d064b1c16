// What the guest's own process asks of the kernel beside files: IPC, memory of every kind, timers, signals, sockets and
// BPF. Each item is optional: what one kernel refuses is said on the console and left out.
import { ftruncateSync, openSync, writeFileSync } from 'node:fs'
import { bytes, call, fillPages, map } from './guest_memory.ts'
import { loadBpf } from './guest_bpf.ts'
import { SWAP_AREAS } from './guest_setting.ts'

const PAGE = 4096
const LARGE_PAGE = 2 << 20
const FAR_SECONDS = 100_000
/** A real-time signal nobody uses. */
const SIGNAL = 44

/** Do each item; one that fails leaves the others alone. @param work folder for files */
export function makeKernelObjects(work: string): void {
  for (const item of [
    makeSharedMemory,
    makeSemaphores,
    makeMessages,
    mapMemory,
    ...SWAP_AREAS.map((area, index) => () => swapOn(area, 10 - 5 * index)),
    pageOut,
    () => mapFile(`${work}/mapped.bin`),
    mapTransparentHugePage,
    mapReservedHugePage,
    armTimers,
    openSpecialDescriptors,
    () => lockFiles(work),
    openRawSockets,
    openDatagramSockets,
    loadBpf,
    blockSignal,
  ])
    attempt(item)
}

/** Do something that may be impossible here; then the console says so. */
export function attempt(item: () => void): void {
  try {
    item()
  } catch (error) {
    console.log(
      `kbox-rehearse: left out: ${error instanceof Error ? error.message : String(error)}`,
    )
  }
}

// <linux/ipc.h>, <linux/sem.h>
const CREATE_0640 = 0o1640
const IPC_RMID = 0
const SETVAL = 16
const SEM_UNDO = 0x1000

/** One segment attached and in use, one nobody has attached, one that goes with its last user. */
function makeSharedMemory(): void {
  const attached = call('shmget', 0x6b62_0001, 3 * PAGE, CREATE_0640)
  fillPages(call('shmat', attached, 0, 0), 2)
  call('shmget', 0x6b62_0002, 5 * PAGE, CREATE_0640)
  const doomed = call('shmget', 0, PAGE, CREATE_0640)
  call('shmat', doomed, 0, 0)
  call('shmctl', doomed, IPC_RMID, 0)
}

function makeSemaphores(): void {
  const set = call('semget', 0x6b62_0003, 3, CREATE_0640)
  call('semctl', set, 1, SETVAL, 5)
  // struct sembuf: one of five is taken, to be given back when the process ends.
  call('semop', set, bytes([2, 1], [2, -1], [2, SEM_UNDO]), 1)
}

function makeMessages(): void {
  const queue = call('msgget', 0x6b62_0004, CREATE_0640)
  const send = (type: number, text: string): number =>
    call('msgsnd', queue, Buffer.concat([bytes([8, type]), Buffer.from(text)]), text.length, 0)
  send(1, 'first message')
  send(7, 'second message, which is longer')
  call('msgget', 0x6b62_0005, CREATE_0640)
}

/** Anonymous memory: touched in part, and a page that is locked. */
function mapMemory(): void {
  fillPages(map(8 * PAGE), 5)
  const locked = map(2 * PAGE)
  fillPages(locked, 2)
  call('mlock', locked, PAGE)
}

// <asm-generic/mman-common.h>
const MADV_HUGEPAGE = 14
const MADV_PAGEOUT = 21
const MAP_HUGETLB = 0x40000

// <linux/swap.h>
const SWAP_FLAG_PREFER = 0x8000

function swapOn(area: string, priority: number): void {
  call('swapon', Buffer.from(`${area}\0`), SWAP_FLAG_PREFER | priority)
}

/** Anonymous memory that goes to swap. */
function pageOut(): void {
  const address = map(64 * PAGE)
  fillPages(address, 48)
  call('madvise', address, 48 * PAGE, MADV_PAGEOUT)
}

function mapFile(file: string): void {
  const fd = openSync(file, 'w+')
  ftruncateSync(fd, 4 * PAGE)
  fillPages(map(4 * PAGE, fd), 3)
}

function mapTransparentHugePage(): void {
  // Small machines have them off.
  writeFileSync('/sys/kernel/mm/transparent_hugepage/enabled', 'madvise')
  const address = map(2 * LARGE_PAGE)
  const aligned = Math.ceil(address / LARGE_PAGE) * LARGE_PAGE
  call('madvise', aligned, LARGE_PAGE, MADV_HUGEPAGE)
  fillPages(aligned, 1)
}

function mapReservedHugePage(): void {
  writeFileSync('/proc/sys/vm/nr_hugepages', '2')
  fillPages(map(LARGE_PAGE, -1, MAP_HUGETLB), 1)
}

// <linux/time.h>, <asm-generic/siginfo.h>
const CLOCK_MONOTONIC = 1
const CLOCK_BOOTTIME = 7
const ITIMER_REAL = 0
const SIGEV_SIGNAL = 0
const SIGEV_NONE = 1

/** Timers that are far from expiring: setitimer(2), and two of timer_create(2). */
function armTimers(): void {
  call('setitimer', ITIMER_REAL, bytes([8, 0], [8, 0], [8, FAR_SECONDS], [8, 0]), 0)
  for (const [id, clock, notify] of [
    [0, CLOCK_MONOTONIC, SIGEV_SIGNAL],
    [1, CLOCK_BOOTTIME, SIGEV_NONE],
  ] as const) {
    // struct sigevent has 64 bytes: value, signal, how. A process's timers count from 0.
    const event = Buffer.concat([bytes([8, 0x6b62], [4, SIGNAL], [4, notify]), Buffer.alloc(48)])
    call('timer_create', clock, event, Buffer.alloc(8))
    call('timer_settime', id, 0, bytes([8, id], [8, 0], [8, FAR_SECONDS], [8, 0]), 0)
  }
}

/** Descriptors without a file's name. */
function openSpecialDescriptors(): void {
  call('eventfd2', 7, 0)
  const timer = call('timerfd_create', CLOCK_MONOTONIC, 0)
  call('timerfd_settime', timer, 0, bytes([8, 0], [8, 0], [8, FAR_SECONDS], [8, 0]), 0)
  call('signalfd4', -1, signalSet(SIGNAL), 8, 0)
  ftruncateSync(call('memfd_create', Buffer.from('kbox-memory\0'), 0), 2 * PAGE)
  call('pidfd_open', 1, 0)
}

// <asm-generic/fcntl.h>, <linux/fcntl.h>
const F_SETLK = 6
const F_SETLEASE = 1024
const F_RDLCK = 0
const F_WRLCK = 1
const LOCK_EX = 2

/** One lock of each kind. */
function lockFiles(work: string): void {
  const open = (name: string, flags: string): number => {
    writeFileSync(`${work}/${name}`, 'locked\n')
    return openSync(`${work}/${name}`, flags)
  }
  // struct flock: type, whence, start, length, process.
  const range = bytes([2, F_WRLCK], [2, 0], [4, 0], [8, 1], [8, 4], [8, 0])
  call('fcntl', open('lock-posix', 'r+'), F_SETLK, range)
  call('flock', open('lock-flock', 'r+'), LOCK_EX)
  call('fcntl', open('lock-lease', 'r'), F_SETLEASE, F_RDLCK)
}

// <linux/socket.h>, <linux/netlink.h>, <linux/in.h>, <linux/if_ether.h>
const AF_UNIX = 1
const AF_INET = 2
const AF_NETLINK = 16
const AF_PACKET = 17
const SOCK_DGRAM = 2
const SOCK_RAW = 3
const IPPROTO_ICMP = 1
/** Network byte order. */
const ETH_P_ARP_NETWORK = 0x0608
const RTMGRP_LINK = 1

function openRawSockets(): void {
  call('socket', AF_INET, SOCK_RAW, IPPROTO_ICMP)
  call('socket', AF_PACKET, SOCK_RAW, ETH_P_ARP_NETWORK)
  const netlink = call('socket', AF_NETLINK, SOCK_RAW, 0)
  call('bind', netlink, bytes([2, AF_NETLINK], [2, 0], [4, 0], [4, RTMGRP_LINK]), 12)
}

/** Datagrams that wait to be read: one on the loopback's port 5353, one in a socket with an abstract name. */
function openDatagramSockets(): void {
  // Port and address in network byte order: 5353 at 127.0.0.1.
  const inet = bytes([2, AF_INET], [2, 0xe914], [4, 0x0100_007f], [8, 0])
  const unix = Buffer.concat([bytes([2, AF_UNIX]), Buffer.from('\0kbox-datagram')])
  for (const [family, address] of [
    [AF_INET, inet],
    [AF_UNIX, unix],
  ] as const) {
    const socket = call('socket', family, SOCK_DGRAM, 0)
    call('bind', socket, address, address.length)
    const text = Buffer.from('a datagram\n')
    call('sendto', socket, text, text.length, 0, address, address.length)
  }
}

const SIG_BLOCK = 0

/** A signal that waits for this thread alone, as it blocks it. */
function blockSignal(): void {
  call('rt_sigprocmask', SIG_BLOCK, signalSet(SIGNAL), 0, 8)
  call('tgkill', process.pid, process.pid, SIGNAL)
}

const signalSet = (signal: number): Uint8Array => bytes([4, 0], [4, 2 ** (signal - 33)])

// <linux/sched.h>: policy and static priority.
const POLICIES = [
  [1, 10],
  [2, 20],
  [3, 0],
] as const

/** Give a process the policy FIFO (0), round robin (1) or batch (2). @throws {HostError} if this kernel refuses */
export function setPolicy(pid: number, index: number): void {
  const [policy, priority] = POLICIES[index] ?? [0, 0]
  call('sched_setscheduler', pid, policy, bytes([4, priority]))
}
