// The truth about the guest, from its own /proc, a moment before it dies: what an analysis of its dump is measured
// against. Files keep the kernel's own format. Source: Documentation/filesystems/proc.rst.
import {
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  writeFileSync,
} from 'node:fs'
import path from 'node:path'
import { readKmsg } from '../platform/kmsg.ts'
import { GUEST_VERSION } from './guest_files.ts'
import { readPagemap } from './guest_pagemap.ts'

const GLOBAL: readonly string[] = [
  ...[
    'modules',
    'mounts',
    'meminfo',
    'kallsyms',
    'cmdline',
    'iomem',
    'vmstat',
    'zoneinfo',
    'slabinfo',
    'buddyinfo',
  ],
  ...[
    'pagetypeinfo',
    'interrupts',
    'softirqs',
    'stat',
    'cpuinfo',
    'version',
    'partitions',
    'locks',
    'swaps',
  ],
  ...['filesystems', 'devices', 'diskstats', 'timer_list', 'vmallocinfo', 'cgroups', 'consoles'],
  ...[
    'net/tcp',
    'net/tcp6',
    'net/udp',
    'net/udp6',
    'net/unix',
    'net/netlink',
    'net/dev',
    'net/route',
    'net/sockstat',
  ],
  ...['ioports', 'schedstat', 'sysvipc/shm', 'sysvipc/sem', 'sysvipc/msg', 'bus/pci/devices'],
  ...['sys/kernel/pid_max', 'sys/kernel/threads-max', 'sys/kernel/tainted', 'sys/vm/nr_hugepages'],
  ...['key-users', 'misc', 'execdomains', 'fb', 'dma', 'mtrr', 'crypto'],
  ...['net/arp', 'net/packet', 'net/raw', 'net/raw6', 'net/icmp', 'net/if_inet6', 'net/sockstat6'],
  ...['net/ipv6_route', 'net/ptype', 'net/protocols', 'net/fib_trie', 'net/igmp', 'net/dev_mcast'],
]
/** Folders, `*` for any name, and the names of files in each; all files without names. */
type FileGroup = readonly [folders: string, names: readonly string[]]
/** Small files that go into one file, each with its path. */
const SYSFS: Readonly<Record<string, readonly FileGroup[]>> = {
  irq: [
    [
      '/proc/irq/*',
      [
        'smp_affinity',
        'smp_affinity_list',
        'effective_affinity',
        'effective_affinity_list',
        'node',
      ],
    ],
    ['/proc/irq/*', ['spurious']],
    ['/sys/kernel/irq/*', ['actions', 'chip_name', 'hwirq', 'name', 'per_cpu_count', 'type']],
  ],
  'slab-caches': [
    ['/sys/kernel/slab/*', ['aliases', 'align', 'object_size', 'slab_size', 'objs_per_slab']],
    ['/sys/kernel/slab/*', ['order', 'objects', 'total_objects', 'slabs', 'partial']],
    ['/sys/kernel/slab/*', ['cpu_slabs', 'cpu_partial', 'min_partial', 'hwcache_align']],
    ['/sys/kernel/slab/*', ['reclaim_account', 'cache_dma', 'usersize', 'ctor']],
  ],
  block: [
    ['/sys/block/*', ['dev', 'inflight', 'size', 'stat', 'ro', 'range']],
    ['/sys/block/*/queue', ['scheduler', 'nr_requests']],
    ['/sys/block/zram*', ['comp_algorithm', 'disksize', 'mm_stat']],
  ],
  net: [
    ['/sys/class/net/*', ['address', 'ifindex', 'mtu', 'flags', 'operstate', 'type']],
    ['/sys/class/net/*/statistics', ['rx_bytes', 'rx_packets', 'tx_bytes', 'tx_packets']],
  ],
  dmi: [['/sys/class/dmi/id', []]],
  pci: [
    ['/sys/bus/pci/devices/*', ['vendor', 'device', 'class', 'irq', 'resource']],
    ['/sys/bus/pci/devices/*', ['subsystem_vendor', 'subsystem_device']],
  ],
  cpu: [
    ['/sys/devices/system/cpu', ['online', 'possible', 'present']],
    ['/sys/devices/system/node/node*', ['cpulist', 'meminfo']],
  ],
  'huge-pages': [
    ['/sys/kernel/mm/transparent_hugepage', []],
    ['/sys/kernel/mm/hugepages/*', []],
  ],
}
/** Of debugfs, where it is mounted. */
const DEBUG = '/sys/kernel/debug/sched/debug'
/** Of a network namespace that is not the recorder's. */
const PER_NETWORK: readonly string[] = [
  ...['dev', 'tcp', 'tcp6', 'udp', 'unix', 'route', 'arp', 'if_inet6', 'fib_trie', 'netlink'],
]
/** They drift while the rest is read, so they are read again at the end. */
const DRIFTING: readonly string[] = ['meminfo', 'vmstat', 'zoneinfo']
const LAST: readonly string[] = ['loadavg', 'uptime']
const PER_THREAD: readonly string[] = [
  ...['stat', 'status', 'comm', 'stack', 'wchan', 'syscall', 'schedstat', 'io'],
  ...['cmdline', 'maps', 'cgroup', 'limits', 'environ', 'statm', 'oom_score_adj'],
]

/**
 * Write down everything below `folder`.
 *
 * @returns how many files
 */
export function takeTruth(folder: string): number {
  let count = 0
  const write = (name: string, content: string | Uint8Array | undefined): void => {
    if (content === undefined) return
    const file = path.join(folder, name)
    mkdirSync(path.dirname(file), { recursive: true })
    writeFileSync(file, content)
    count++
  }
  for (const name of GLOBAL) write(name, readProc(name))
  write('mountinfo', readProc('self/mountinfo'))
  write('guest-version', `${GUEST_VERSION}\n`)
  for (const [name, patterns] of Object.entries(SYSFS))
    write(`sysfs/${name}`, readTogether(patterns))
  write('sysfs/slab-links', listLinks('/sys/kernel/slab'))
  write('sched-debug', readRaw(DEBUG))
  write('vmcoreinfo-addr', readRaw('/sys/kernel/vmcoreinfo'))
  for (const module of list('/sys/module'))
    write(`sections/${module}`, readSections(`/sys/module/${module}/sections`))
  write('hostname', readProc('sys/kernel/hostname'))
  for (const pid of listNumbers('/proc')) {
    for (const tid of listNumbers(`/proc/${pid}/task`)) {
      const at = `/proc/${pid}/task/${tid}`
      const to = `tasks/${pid}/${tid}`
      for (const name of PER_THREAD) write(`${to}/${name}`, readRaw(`${at}/${name}`))
      write(`${to}/fd`, listLinks(`${at}/fd`))
      write(`${to}/ns`, listLinks(`${at}/ns`))
      write(`${to}/fdinfo`, readFdinfo(`${at}/fdinfo`))
      const links = ['cwd', 'exe', 'root'].map((name) => listLink(`${at}/${name}`, `${at}/${name}`))
      write(`${to}/links`, links.join(''))
    }
    // Of the process: threads have none of their own.
    write(`tasks/${pid}/${pid}/timers`, readProc(`${pid}/timers`))
    takeNamespaces(pid, write)
  }
  for (const pid of [process.pid, findFirstSleeper()]) if (pid !== undefined) takeMemory(pid, write)
  for (const name of DRIFTING) write(`${name}.end`, readProc(name))
  for (const name of LAST) write(name, readProc(name))
  write('dmesg', readKmsg())
  write('date', `${Math.floor(Date.now() / 1000)}\n`)
  return count
}

type Write = (name: string, content: string | Uint8Array | undefined) => void

/** What a process sees otherwise than the recorder: mounts of its namespace, and its network. */
function takeNamespaces(pid: string, write: Write): void {
  const differs = (kind: string): boolean => {
    const theirs = readLink(`/proc/${pid}/ns/${kind}`)
    return theirs !== undefined && theirs !== readLink(`/proc/self/ns/${kind}`)
  }
  const to = `tasks/${pid}/${pid}`
  if (differs('mnt')) write(`${to}/mountinfo`, readProc(`${pid}/mountinfo`))
  if (differs('net'))
    for (const name of PER_NETWORK) write(`${to}/net/${name}`, readProc(`${pid}/net/${name}`))
}

/** How a process's memory is mapped; only of few, as it is much. */
function takeMemory(pid: number, write: Write): void {
  const to = `tasks/${pid}/${pid}`
  for (const name of ['smaps', 'smaps_rollup', 'numa_maps'])
    write(`${to}/${name}`, readProc(`${pid}/${name}`))
  write(`${to}/pagemap`, readPagemap(pid))
}

/** The first process that does nothing but sleep. */
function findFirstSleeper(): number | undefined {
  const pid = listNumbers('/proc').find(
    (number) => Buffer.from(readProc(`${number}/comm`) ?? []).toString() === 'sleep\n',
  )
  return pid === undefined ? undefined : Number(pid)
}

/** One thread, as the kernel describes it. */
export interface StatLine {
  /** The process; the line itself begins with the thread. */
  readonly pid: number
  readonly stat: string
}

/** Yield /proc/PID/task/TID/stat of every thread. Starts nothing and allocates little: the machine is about to die. */
export function* forEachStatLine(): Generator<StatLine> {
  for (const pid of listNumbers('/proc')) {
    for (const tid of listNumbers(`/proc/${pid}/task`)) {
      const stat = readProc(`${pid}/task/${tid}/stat`)
      if (stat !== undefined)
        yield { pid: Number(pid), stat: Buffer.from(stat).toString('latin1').trimEnd() }
    }
  }
}

function readProc(name: string): Uint8Array | undefined {
  return readRaw(`/proc/${name}`)
}

/** Undefined for what this kernel does not have, and for a task that has ended meanwhile. */
function readRaw(file: string): Uint8Array | undefined {
  try {
    return readFileSync(file)
  } catch {
    return undefined
  }
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}

function listNumbers(folder: string): string[] {
  return list(folder).filter((name) => /^\d+$/.test(name))
}

/** A module's section addresses, `NAME 0xADDRESS` a line. */
function readSections(folder: string): string | undefined {
  const lines = list(folder).map(
    (name) =>
      `${name} ${Buffer.from(readRaw(path.join(folder, name)) ?? [])
        .toString('latin1')
        .trim()}\n`,
  )
  return lines.length > 0 ? lines.join('') : undefined
}

/** What `ls -l` shows of links, without owner and date: `lr-x------ 3 -> /dev/null`. */
function listLinks(folder: string): string {
  return list(folder)
    .map((name) => listLink(path.join(folder, name), name))
    .join('')
}

function listLink(link: string, name: string): string {
  try {
    const { mode } = lstatSync(link)
    const bits = (['r', 'w', 'x'] as const)
      .map((letter, index) => (mode & (0o400 >> index) ? letter : '-'))
      .join('')
    return `l${bits}------ ${name} -> ${readlinkSync(link)}\n`
  } catch {
    return ''
  }
}

function readFdinfo(folder: string): string {
  return list(folder)
    .map((name) => headed(name, readRaw(path.join(folder, name)) ?? []))
    .join('')
}

/** The files below the folders that match, each with its path; undefined if there are none. */
function readTogether(groups: readonly FileGroup[]): string | undefined {
  const parts = groups.flatMap(([folders, names]) =>
    matchFolders(folders).flatMap((folder) =>
      (names.length > 0 ? names : list(folder)).map((name) => {
        const content = readRaw(path.join(folder, name))
        return content ? headed(path.join(folder, name), content) : ''
      }),
    ),
  )
  return parts.some((part) => part !== '') ? parts.join('') : undefined
}

/** Folders that match; of those that links make the same, the first. */
function matchFolders(pattern: string): string[] {
  let found = ['/']
  for (const part of pattern.split('/').filter((word) => word !== '')) {
    const [before = '', after] = part.split('*')
    found = found.flatMap((folder) =>
      after === undefined
        ? [path.join(folder, part)]
        : list(folder)
            .filter((name) => name.startsWith(before) && name.endsWith(after))
            .sort()
            .map((name) => path.join(folder, name)),
    )
  }
  const seen = new Set<string>()
  return found.filter((folder) => {
    const real = readLink(folder)
    const at = real === undefined ? folder : path.resolve(path.dirname(folder), real)
    return !seen.has(at) && seen.add(at)
  })
}

const headed = (name: string, content: Uint8Array | readonly number[]): string => {
  const text = Buffer.from(content).toString('latin1')
  return `== ${name}\n${text}${text === '' || text.endsWith('\n') ? '' : '\n'}`
}

function readLink(link: string): string | undefined {
  try {
    return readlinkSync(link)
  } catch {
    return undefined
  }
}
