// What a guest's own /proc said a moment before the crash, as a rehearsal's init script saved it: one folder a thread
// under tasks/PID/TID, the machine's files beside it. Files were read one after another, so what moves may disagree.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'

/** One thread of the guest. */
export interface TruthTask {
  readonly pid: number
  readonly tgid: number
  readonly ppid: number
  /** /proc/PID/comm: kernel threads in full. */
  readonly comm: string
  /** Arguments, empty for kernel threads. */
  readonly cmdline: readonly string[]
  /** The letter of /proc/PID/stat. */
  readonly state: string
  /** Switches away from a CPU until then, voluntary and not: who has not switched since has not run since. */
  readonly switches: number
  /** Undefined without an address space. */
  readonly vmSizeKib: number | undefined
  readonly vmRssKib: number | undefined
  /** Descriptor to what it leads to; undefined where only the leader's were saved. */
  readonly fds: ReadonlyMap<number, string> | undefined
  readonly cwd: string | undefined
  readonly root: string | undefined
  /** Undefined where only the leader's were saved. */
  readonly maps: readonly TruthMap[] | undefined
}

/** One line of /proc/PID/maps. */
export interface TruthMap {
  /** `first-end` in hex, unpadded. */
  readonly range: string
  readonly inode: number
  /** '' for anonymous memory; `[heap]` and the like included. */
  readonly path: string
}

/** One line of /proc/modules. */
export interface TruthModule {
  readonly name: string
  readonly size: number
  readonly base: bigint
}

/** One line of /proc/mounts. */
export interface TruthMount {
  readonly device: string
  readonly path: string
  readonly type: string
}

/** All that was saved. */
export interface ProcTruth {
  readonly tasks: readonly TruthTask[]
  /** Newest first, as the kernel lists them. */
  readonly modules: readonly TruthModule[]
  readonly mounts: readonly TruthMount[]
  readonly memTotalKib: number
  /** Seconds since boot when the files were all read. */
  readonly uptime: number
  /** Seconds since 1970 then. */
  readonly date: number
  /** '' if it was not saved. */
  readonly hostname: string
  readonly dmesg: readonly string[]
}

/** Read a truth folder. */
export function readProcTruth(folder: string): ProcTruth {
  const text = (name: string): string => readFileSync(path.join(folder, name), 'utf8')
  return {
    tasks: readTasks(path.join(folder, 'tasks')),
    modules: lines(text('modules')).map(parseModule),
    mounts: lines(text('mounts')).map(parseMount),
    memTotalKib: Number(/^MemTotal:\s+(\d+)/m.exec(text('meminfo'))?.[1]),
    uptime: Number(text('uptime').split(' ')[0]),
    date: Number(text('date').split(' ')[0]),
    hostname: existsSync(path.join(folder, 'hostname')) ? text('hostname').trim() : '',
    dmesg: lines(text('dmesg')),
  }
}

function readTasks(folder: string): TruthTask[] {
  const tasks: TruthTask[] = []
  for (const pid of readdirSync(folder)) {
    for (const tid of readdirSync(path.join(folder, pid))) {
      const task = readTask(path.join(folder, pid, tid))
      if (task) tasks.push(task)
    }
  }
  return tasks.sort((a, b) => a.pid - b.pid)
}

/** Undefined for a task that ended while it was read. */
function readTask(folder: string): TruthTask | undefined {
  const has = (name: string): boolean => existsSync(path.join(folder, name))
  const text = (name: string): string =>
    has(name) ? readFileSync(path.join(folder, name), 'utf8') : ''
  const status = text('status')
  const field = (name: string): string | undefined =>
    new RegExp(`^${name}:\\s+(\\S+)`, 'm').exec(status)?.[1]
  const pid = field('Pid')
  if (pid === undefined) return undefined
  const links = parseLinks(text('links'))
  return {
    pid: Number(pid),
    tgid: Number(field('Tgid')),
    ppid: Number(field('PPid')),
    comm: text('comm').trimEnd(),
    cmdline: text('cmdline')
      .replace(/\0$/, '')
      .split('\0')
      .filter((word) => word !== ''),
    state: field('State') ?? '',
    switches:
      Number(field('voluntary_ctxt_switches')) + Number(field('nonvoluntary_ctxt_switches')),
    vmSizeKib: toNumber(field('VmSize')),
    vmRssKib: toNumber(field('VmRSS')),
    fds: has('fd')
      ? new Map(Array.from(parseLinks(text('fd')), ([name, target]) => [Number(name), target]))
      : undefined,
    cwd: [...links].find(([name]) => name.endsWith('/cwd'))?.[1],
    root: [...links].find(([name]) => name.endsWith('/root'))?.[1],
    maps: has('maps') ? lines(text('maps')).map(parseMap) : undefined,
  }
}

/** `ls -l` of symbolic links: name to target. */
function parseLinks(text: string): Map<string, string> {
  const links = new Map<string, string>()
  for (const line of lines(text)) {
    const match = /(\S+) -> (.*)$/.exec(line)
    if (match) links.set(match[1] as string, match[2] as string)
  }
  return links
}

function parseMap(line: string): TruthMap {
  const [range = '', , , , inode, ...rest] = line.split(/\s+/)
  return {
    range: range.replaceAll(/\b0+(?=[\da-f])/g, ''),
    inode: Number(inode),
    path: rest.join(' ').trim(),
  }
}

function parseModule(line: string): TruthModule {
  const [name = '', size, , , , base = '0'] = line.split(' ')
  return { name, size: Number(size), base: BigInt(base) }
}

function parseMount(line: string): TruthMount {
  const [device = '', mountPath = '', type = ''] = line.split(' ').map(unescapeOctal)
  return { device, path: mountPath, type }
}

/** Space, tab, newline, backslash and # are written in octal. */
const unescapeOctal = (text: string): string =>
  text.replaceAll(/\\(\d{3})/g, (_, octal: string) =>
    String.fromCharCode(Number.parseInt(octal, 8)),
  )

const toNumber = (text: string | undefined): number | undefined =>
  text === undefined ? undefined : Number(text)

const lines = (text: string): string[] => text.split('\n').filter((line) => line !== '')
