// Reports of the OOM killer in the log: who asked for memory, within which bounds, and who was killed for it.
// Source: mm/oom_kill.c dump_header(), dump_oom_victim(), __oom_kill_process(), out_of_memory().
import type { LogLine, PrintedSymbol } from './trouble.ts'
import { readTrace } from './trouble.ts'

/** Which memory ran out: all, or what a control group, a cpuset or a policy allows. */
export type OomConstraint = 'none' | 'memcg' | 'cpuset' | 'mempolicy'

/** Who was killed. */
export interface OomVictim {
  readonly pid: number
  readonly comm: string
  /** Resident memory; 0 if the log does not say. */
  readonly rssBytes: number
  /** Index of the line. */
  readonly line: number
}

/** A row of `Tasks state`. */
export interface ListedTask {
  readonly pid: number
  readonly comm: string
  readonly rssPages: number
}

/** One time that memory ran out. */
export interface OomReport {
  /** Index of the first line. */
  readonly start: number
  readonly tsNsec: bigint
  /** Who asked for memory. */
  readonly comm: string
  readonly pid: number | undefined
  /** `0x140cca(GFP_HIGHUSER_MOVABLE|__GFP_COMP)`. */
  readonly gfpMask: string
  /** 2^order pages were asked for. */
  readonly order: number
  /** Innermost first. */
  readonly trace: readonly PrintedSymbol[]
  readonly constraint: OomConstraint
  /** The control group whose limit was reached; '' for none. */
  readonly memcg: string
  readonly victims: readonly OomVictim[]
  /** The largest task of those that could be killed; undefined if none is listed. */
  readonly largest: ListedTask | undefined
  /** Nobody was left to kill. */
  readonly hasNoVictim: boolean
}

const REPORTS_MAX = 1000
/** A report lists every task: there may be thousands. */
const LINES_MAX = 50_000

const INVOKED =
  /^(.{1,16}) invoked oom-killer: gfp_mask=(0x[\da-f]+(?:\([\w|]*\))?),(?: nodemask=\S+,)? order=(-?\d+)/
// Since v5.0, commit ef8444ea01d7 ("mm, oom: reorganize the oom report in dump_header"), this line sums it up.
const SUMMARY = /^oom-kill:constraint=CONSTRAINT_(\w+),/
// "Kill process 812 (hog) score 900 or sacrifice child" and then "Killed process 812 (hog)" before v5.0.
const KILLED = /(?:^|: )Killed process (\d+) \((.*?)\),? (?:UID \d+, )?total-vm:/
const RSS = /(?:anon|file|shmem)-rss:(\d+)kB/g
// `[ pid ] uid tgid total_vm rss …  oom_score_adj name`; columns were added between since.
const ROW = /^\[\s*(\d+)\]\s+\d+\s+\d+\s+\d+\s+(\d+)(?:\s+-?\d+){3,6}\s+(\S.*)$/
const NOBODY = /^(?:Memory cgroup out|Out) of memory and no killable processes/

/** Find the reports, oldest first; the last thousand. */
export function readOomReports(lines: readonly LogLine[]): OomReport[] {
  const starts = lines.flatMap(({ text }, index) => (INVOKED.test(text) ? [index] : []))
  return starts
    .slice(-REPORTS_MAX)
    .map((start, i, all) =>
      readReport(lines, start, Math.min(all[i + 1] ?? lines.length, start + LINES_MAX)),
    )
}

function readReport(lines: readonly LogLine[], start: number, end: number): OomReport {
  const first = lines[start]
  const part = lines.slice(start, end)
  const texts = part.map(({ text }) => text)
  const [, comm = '', gfpMask = '', order = '0'] = INVOKED.exec(first?.text ?? '') ?? []
  const who = texts.find((text) => /^CPU: \d+ (?:UID: \d+ )?PID: \d+ /.test(text))
  const summary = texts.find((text) => SUMMARY.test(text)) ?? ''
  const memcg = /,oom_memcg=([^,]*)/.exec(summary)?.[1] ?? limitReached(texts)
  return {
    ...{ start, tsNsec: first?.tsNsec ?? 0n, comm, gfpMask, order: Number(order) },
    pid: who === undefined ? undefined : Number(/ PID: (\d+) /.exec(who)?.[1]),
    trace: readTrace(texts),
    constraint: memcg === '' ? constraintOf(summary) : 'memcg',
    memcg,
    victims: part.flatMap(({ text }, i) => victimOf(text, start + i)),
    largest: largestOf(texts),
    hasNoVictim: texts.some((text) => NOBODY.test(text)),
  }
}

/** Before v5.0: "Task in /a/b killed as a result of limit of /a". */
function limitReached(texts: readonly string[]): string {
  for (const text of texts) {
    const limit = /^Task in .* killed as a result of limit of (.*)$/.exec(text)?.[1]
    if (limit !== undefined) return limit
  }
  return ''
}

function constraintOf(summary: string): OomConstraint {
  switch (SUMMARY.exec(summary)?.[1]) {
    case 'MEMCG':
      return 'memcg'
    case 'CPUSET':
      return 'cpuset'
    case 'MEMORY_POLICY':
      return 'mempolicy'
    default:
      return 'none'
  }
}

function victimOf(text: string, line: number): OomVictim[] {
  const [, pid, comm = ''] = KILLED.exec(text) ?? []
  if (pid === undefined) return []
  const kib = Array.from(text.matchAll(RSS), ([, count]) => Number(count))
  return [{ pid: Number(pid), comm, line, rssBytes: kib.reduce((sum, one) => sum + one, 0) * 1024 }]
}

function largestOf(texts: readonly string[]): ListedTask | undefined {
  let largest: ListedTask | undefined
  for (const text of texts) {
    const [, pid, rss, comm = ''] = ROW.exec(text) ?? []
    if (pid === undefined || Number(rss) <= (largest?.rssPages ?? 0)) continue
    largest = { pid: Number(pid), comm, rssPages: Number(rss) }
  }
  return largest
}
