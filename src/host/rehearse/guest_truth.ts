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
]
/** They drift while the rest is read, so they are read again at the end. */
const DRIFTING: readonly string[] = ['meminfo', 'vmstat', 'zoneinfo']
const LAST: readonly string[] = ['loadavg', 'uptime']
const PER_THREAD: readonly string[] = [
  ...['stat', 'status', 'comm', 'stack', 'wchan', 'syscall', 'schedstat', 'io'],
  ...['cmdline', 'maps', 'cgroup', 'limits', 'environ'],
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
  }
  for (const name of DRIFTING) write(`${name}.end`, readProc(name))
  for (const name of LAST) write(name, readProc(name))
  write('dmesg', readKmsg())
  write('date', `${Math.floor(Date.now() / 1000)}\n`)
  return count
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
    .map(
      (name) =>
        `== ${name}\n${Buffer.from(readRaw(path.join(folder, name)) ?? []).toString('latin1')}`,
    )
    .join('')
}
