// The turning points of the log: what a person would mark who reads it from the top. Source of the wording: init/main.c,
// kernel/module/, mm/oom_kill.c, block/blk-core.c, drivers/{ata,scsi,nvme,net}, net/, fs/, kernel/panic.c.
import type { TimelineEvent } from '../machine_state.ts'
import type { Scene } from '../scene.ts'
import type { LogLine, Trouble } from '../trouble.ts'

const EVENTS_MAX = 200
/** Of lines that only their level marks. */
const ERRORS_MAX = 40
const SILENCES_MAX = 5
const SILENCE_SECONDS = 60
const TEXT_MAX = 300
/** KERN_ERR; of warnings a machine that is well prints dozens. @source include/linux/kern_levels.h */
const LEVEL_ERR = 3

const PANIC = /^(?:Kernel panic - not syncing|sysrq: (?:SysRq : )?Trigger a crash)/i

/** Words that mark a line, the more telling first. */
const PATTERNS: readonly (readonly [kind: string, pattern: RegExp])[] = [
  ['panic', PANIC],
  [
    'boot',
    /^(?:Linux version |Run \S+ as init process|PM: suspend (?:entry|exit)|Restarting (?:system|tasks)|reboot: )/,
  ],
  [
    'module',
    /(?:loading out-of-tree module taints kernel|module verification failed|module license .* taints kernel|livepatch: enabling patch|force(?:d|fully) (?:un)?load)/,
  ],
  // "Kill process" before v5.0, commit 3100dab2aa09 ("mm: memcontrol: print proper OOM header when no eligible victim left") and its like.
  [
    'oom',
    /(?:invoked oom-killer|[Oo]ut of memory: Kill|[Oo]ut of memory and no killable|oom_reaper: unable|page allocation (?:failure|stalls)|fork rejected by pids controller)/,
  ],
  [
    'io',
    /(?:I\/O error|critical (?:medium|target|space allocation) error|[Rr]emounting filesystem read-only|-fs error|XFS .*(?:[Cc]orruption|[Ss]hutdown)|Medium Error|FAILED Result:|task abort|(?:hard|link) resetting link|ata\d+(?:\.\d+)?: (?:exception|failed command)|nvme\w*: (?:I\/O|Abort|Disabling|controller is down|Removing)|I\/O (?:tag )?\d+ .*timeout|rejecting I\/O|not responding, |nfs: server .* OK|device offline)/,
  ],
  [
    'network',
    /(?:[Ll]ink (?:is )?(?:[Uu]p|[Dd]own)\b|NETDEV WATCHDOG|carrier (?:lost|acquired)|(?:lost|gained) carrier|table full, dropping|[Pp]ossible SYN flooding|neighbou?r(?:: \w+)?:? table overflow)/,
  ],
]

/** Find the turning points, oldest first. */
export function readTimeline({
  lines,
  troubles,
}: Pick<Scene, 'lines' | 'troubles'>): readonly TimelineEvent[] {
  const troubled = linesOfTroubles(troubles)
  const panicked = lines.findIndex(({ text }) => PANIC.test(text))
  const end = panicked < 0 ? lines.length : panicked
  const events = [
    ...troubles.flatMap((trouble) => troubleEvent(lines, trouble)),
    ...silences(lines),
  ]
  for (const [index, line] of lines.entries()) {
    const kind = kindOf(line, troubled.has(index) || index > end)
    if (kind !== undefined) events.push(lineEvent(kind, line, index))
  }
  return bounded(folded(events.sort((a, b) => order(a) - order(b))))
}

const order = ({ line }: TimelineEvent): number => line ?? -1

/** What is printed of a piece of trouble marks nothing by itself. */
function linesOfTroubles(troubles: readonly Trouble[]): ReadonlySet<number> {
  const found = new Set<number>()
  for (const { start, end } of troubles)
    for (let index = start; index < end; index++) found.add(index)
  return found
}

function troubleEvent(lines: readonly LogLine[], { kind, start }: Trouble): TimelineEvent[] {
  // The deliberate end is an event of its own.
  if (kind === 'sysrq') return []
  return [lineEvent(kind === 'warning' ? kind : 'trouble', lines[start], start)]
}

/** @param isPart of something that has an event already */
function kindOf({ text, level }: LogLine, isPart: boolean): string | undefined {
  const kind = PATTERNS.find(([, pattern]) => pattern.test(text.slice(0, TEXT_MAX)))?.[0]
  if (kind === 'panic' || !isPart) return kind ?? (level <= LEVEL_ERR ? 'error' : undefined)
  return undefined
}

function lineEvent(kind: string, line: LogLine | undefined, index: number): TimelineEvent {
  return { kind, seconds: seconds(line), text: (line?.text ?? '').slice(0, TEXT_MAX), line: index }
}

const seconds = (line: LogLine | undefined): number => Number(line?.tsNsec ?? 0n) / 1e9

/** The longest times in which nothing was printed. */
function silences(lines: readonly LogLine[]): TimelineEvent[] {
  const gaps = lines.flatMap((line, index): { start: number; length: number; index: number }[] => {
    const start = seconds(line)
    const length = seconds(lines[index + 1]) - start
    return length >= SILENCE_SECONDS ? [{ start, length, index }] : []
  })
  return gaps
    .sort((a, b) => b.length - a.length)
    .slice(0, SILENCES_MAX)
    .map(({ start, length, index }) => ({
      kind: 'silence',
      seconds: start,
      text: `nothing was printed for ${Math.round(length)} s`,
      line: index,
    }))
}

/** One event for what is said again and again with other numbers. */
function folded(events: readonly TimelineEvent[]): TimelineEvent[] {
  const groups = new Map<string, { first: TimelineEvent; last: TimelineEvent; count: number }>()
  for (const event of events) {
    const key = `${event.kind} ${event.text.replaceAll(/\b(?:0x)?[\da-f]*\d[\da-f]*\b/gi, '#')}`
    const group = groups.get(key)
    if (group) Object.assign(group, { last: event, count: group.count + 1 })
    else groups.set(key, { first: event, last: event, count: 1 })
  }
  return Array.from(groups.values(), ({ first, last, count }) =>
    count === 1
      ? first
      : { ...first, text: `${first.text} (${count} times, until ${last.seconds.toFixed(3)} s)` },
  )
}

/** Too many say less: the first and the last of them stay. */
function bounded(events: readonly TimelineEvent[]): readonly TimelineEvent[] {
  const errors = events.filter(({ kind }) => kind === 'error')
  const kept = new Set(firstAndLast(errors, ERRORS_MAX))
  return firstAndLast(
    events.filter((event) => event.kind !== 'error' || kept.has(event)),
    EVENTS_MAX,
  )
}

function firstAndLast<T>(items: readonly T[], max: number): readonly T[] {
  return items.length <= max ? items : [...items.slice(0, max / 2), ...items.slice(-max / 2)]
}
