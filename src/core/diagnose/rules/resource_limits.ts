// Something the kernel has only so much of was used up: process ids, threads, open files, entries of network tables. The
// machine lived on, but nobody could log in, or connect: a reason to crash it.
// Source: kernel/fork.c copy_process(), kernel/cgroup/pids.c, fs/file_table.c, net/netfilter/nf_conntrack_core.c,
// net/core/neighbour.c, mm/vmalloc.c.
import { attempt } from '../../base/errors.ts'
import { fileLimit, pidLimit, threadLimit, type Limit } from '../../kernel/limits.ts'
import type { Program } from '../../program/program.ts'
import { unitCulprit } from '../blame.ts'
import type { Evidence, Finding, Rule } from '../rule.ts'
import type { Scene } from '../scene.ts'
import { mostCommonTasks } from '../task_crowd.ts'
import { psCommand } from '../task_text.ts'

export const resourceLimits: Rule = {
  name: 'resource_limits',
  summary: 'process ids, threads, open files or table entries were used up',
  needs: [],
  *find(scene) {
    for (const counter of COUNTERS) {
      const limit = attempt(() => counter.read(scene.program))
      if (limit && limit.max > 0 && limit.used >= limit.max * NEARLY)
        yield limitFinding(scene, counter, limit)
    }
    yield* toldFindings(scene)
  },
}

/** Of what is this full, the next to ask often gets nothing. */
const NEARLY = 0.99

interface Counter {
  /** What they are called, and the setting that bounds them. */
  readonly what: string
  readonly setting: string
  readonly command: string
  /** What no longer works. */
  readonly consequence: string
  /** Who uses them up are tasks. */
  readonly isOfTasks: boolean
  read(program: Program): Limit
}

const COUNTERS: readonly Counter[] = [
  {
    what: 'process ids',
    setting: 'kernel.pid_max',
    command: 'ps -S',
    consequence: 'no process could be started',
    isOfTasks: true,
    read: pidLimit,
  },
  {
    what: 'threads',
    setting: 'kernel.threads-max',
    command: 'ps -S',
    consequence: 'no process could be started',
    isOfTasks: true,
    read: threadLimit,
  },
  {
    what: 'open files',
    setting: 'fs.file-max',
    command: 'p *(struct files_stat_struct *)&files_stat',
    consequence: 'only the superuser could open files',
    isOfTasks: false,
    read: fileLimit,
  },
]

function limitFinding(scene: Scene, counter: Counter, { used, max }: Limit): Finding {
  const isFull = used >= max
  const crowd = counter.isOfTasks ? mostCommonTasks(scene.tasks) : undefined
  const by = crowd ? `, ${crowd.count} of ${scene.tasks.length} tasks are "${crowd.comm}"` : ''
  const evidence: Evidence[] = [
    {
      text: `${used} of ${max} ${counter.what} that ${counter.setting} leaves are in use`,
      command: counter.command,
    },
  ]
  if (crowd)
    evidence.push({
      text: crowd.text,
      address: crowd.example.address,
      command: psCommand(crowd.comm),
    })
  if (crowd?.parentText !== undefined)
    evidence.push({ text: crowd.parentText, command: `ps -p ${crowd.examplePid}` })
  return {
    ...state(`${counter.what} are ${isFull ? '' : 'nearly '}used up${by}: ${counter.consequence}`),
    confidence: isFull ? 'certain' : 'possible',
    evidence,
    culprit: crowd ? unitCulprit(crowd.culprit) : null,
    next: [
      {
        text: `see who has them, then raise ${counter.setting} or stop the one that leaks`,
        command: counter.command,
      },
    ],
  }
}

/** What the kernel says when a table is full; the first group of a pattern names which. */
const TOLD: readonly (readonly [pattern: RegExp, what: string])[] = [
  // "cgroup: fork rejected by pids controller in /user.slice" since v4.3.
  [/^cgroup: fork rejected by pids controller in (\S+)/, 'the process limit of control group'],
  [/^VFS: file-max limit (\d+) reached/, 'open files: the limit of'],
  // "ip_conntrack: table full" long ago; since v3.x "nf_conntrack: nf_conntrack: table full".
  [/^(?:nf_conntrack: )?(nf_conntrack): table full, dropping packet/, 'the connection table'],
  // "Neighbour table overflow." before v4.20, "neighbour: arp_cache: neighbor table overflow!" since.
  [/^(?:neighbour: (\w+): )?[Nn]eighbou?r table overflow/, 'the neighbour table'],
  [/^(vmap) allocation for size \d+ failed/, 'address space for vmalloc():'],
  [/^percpu: (allocation) failed, size=/, 'per-CPU memory:'],
]

/** One finding for each kind; `count` of the same line says how bad it was. */
function* toldFindings(scene: Scene): Generator<Finding> {
  const groups = new Map<string, { line: string; count: number; which: string }>()
  for (const { text } of scene.lines) {
    for (const [pattern, what] of TOLD) {
      const match = pattern.exec(text)
      if (!match) continue
      const group = groups.get(what)
      if (group) group.count++
      else groups.set(what, { line: text, count: 1, which: match[1] ?? '' })
    }
  }
  for (const [what, { line, count, which }] of groups) {
    const times = count === 1 ? 'once' : `${count} times`
    yield {
      ...state(`${what} ${which} was used up`.replace('  ', ' ')),
      confidence: 'certain',
      evidence: [{ text: `the kernel said ${times}: ${line}`, command: 'log' }],
      culprit: null,
      next: [{ text: 'see when it was', command: 'log -T' }],
    }
  }
}

function state(title: string): Pick<Finding, 'kind' | 'role' | 'title' | 'refutedBy' | 'explains'> {
  return { kind: 'resource-exhaustion', role: 'state', title, refutedBy: [], explains: [] }
}
