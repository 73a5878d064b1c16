// What kind of crash the kernel's last words speak of. Wording differs between releases: each pattern says which.
// Source: kernel/panic.c, arch/x86/mm/fault.c, arch/x86/kernel/traps.c, arch/arm64/mm/fault.c, kernel/hung_task.c,
// kernel/watchdog.c, kernel/rcu/tree_stall.h, mm/oom_kill.c, kernel/exit.c, init/do_mounts.c, drivers/tty/sysrq.c.

/** Stable names; reports carry them. */
export type CrashKind =
  | 'sysrq'
  | 'null-dereference'
  | 'null-call'
  | 'error-pointer'
  | 'bit-flip'
  | 'bad-address'
  | 'write-protected'
  | 'no-execute'
  | 'user-access'
  | 'general-protection'
  | 'bug'
  | 'divide-error'
  | 'invalid-opcode'
  | 'double-fault'
  | 'stack-corruption'
  | 'use-after-free'
  | 'double-free'
  | 'list-corruption'
  | 'slab-corruption'
  | 'memory-corruption'
  | 'refcount'
  | 'stack-overflow'
  | 'atomic-sleep'
  | 'lock-misuse'
  | 'hung-task'
  | 'deadlock'
  | 'stuck-io'
  | 'soft-lockup'
  | 'hard-lockup'
  | 'rcu-stall'
  | 'workqueue-lockup'
  | 'out-of-memory'
  | 'resource-exhaustion'
  | 'init-died'
  | 'no-root'
  | 'machine-check'
  | 'hardware-error'
  | 'nmi'
  | 'filesystem-error'
  | 'warning'
  | 'oops'
  | 'panic'
  | 'unknown'

/** What a kind is called in a sentence. */
export const CRASH_KIND_TITLES: Readonly<Record<CrashKind, string>> = {
  sysrq: 'deliberate crash (sysrq)',
  'null-dereference': 'NULL pointer dereference',
  'null-call': 'call through a NULL function pointer',
  'error-pointer': 'use of an error code as a pointer',
  'bit-flip': 'a pointer with one bit flipped',
  'bad-address': 'access to an address that is not mapped',
  'write-protected': 'write to read-only memory',
  'no-execute': 'execution of memory that is not code',
  'user-access': 'access to user memory that was not asked for',
  'general-protection': 'general protection fault',
  bug: 'BUG(): a check in the code failed',
  'divide-error': 'division by zero',
  'invalid-opcode': 'invalid instruction',
  'double-fault': 'double fault (often a stack overflow)',
  'stack-corruption': 'corrupted kernel stack',
  'use-after-free': 'use of freed or foreign memory',
  'double-free': 'memory freed twice',
  'list-corruption': 'corrupted list',
  'slab-corruption': 'corrupted slab object',
  'memory-corruption': 'corrupted memory',
  refcount: 'reference count gone wrong',
  'stack-overflow': 'kernel stack overflow',
  'atomic-sleep': 'sleep where sleeping is not allowed',
  'lock-misuse': 'misused lock',
  'hung-task': 'hung task',
  deadlock: 'deadlock',
  'stuck-io': 'block I/O that never ended',
  'soft-lockup': 'soft lockup: a CPU did not schedule',
  'hard-lockup': 'hard lockup: a CPU took no interrupts',
  'rcu-stall': 'RCU stall',
  'workqueue-lockup': 'workqueue lockup',
  'out-of-memory': 'out of memory',
  'resource-exhaustion': 'a resource used up',
  'init-died': 'init died',
  'no-root': 'no root file system or init',
  'machine-check': 'hardware error (machine check)',
  'hardware-error': 'hardware error',
  nmi: 'NMI',
  'filesystem-error': 'file system error with errors=panic',
  warning: 'warning (panic_on_warn)',
  oops: 'oops',
  panic: 'panic',
  unknown: 'unknown',
}

/** What panic() prints before its reason. */
export const PANIC_PREFIX = 'Kernel panic - not syncing: '

type Pattern = readonly [kind: CrashKind, pattern: RegExp]

/** Panics that say why. The others ("Fatal exception", "Oops: Fatal exception") only end an oops. */
const PANIC_REASONS: readonly Pattern[] = [
  ['sysrq', /sysrq triggered crash/i],
  ['hung-task', /hung_task: blocked tasks/],
  ['soft-lockup', /softlockup: hung tasks/],
  ['hard-lockup', /Hard LOCKUP|hard lockup/],
  ['rcu-stall', /RCU Stall/],
  ['out-of-memory', /Out of memory|System is deadlocked on memory|compulsory panic_on_oom/],
  ['init-died', /Attempted to kill init/],
  ['workqueue-lockup', /workqueue: .*(stall|lockup)/i],
  ['no-root', /Unable to mount root fs|No working init found|Requested init .* failed/],
  // APEI's: firmware told of it, the processor did not.
  ['hardware-error', /Fatal hardware error/],
  ['machine-check', /[Mm]achine check|MCE|Uncorrected/],
  ['nmi', /NMI: Not continuing|NMI IOCK error|unknown_nmi_panic|PCI system error/],
  ['stack-corruption', /stack-protector: /],
  // "corrupted stack end detected inside scheduler"; arm64 and riscv: "kernel stack overflow".
  ['stack-overflow', /corrupted stack end|stack overflow|stack guard page/i],
  ['double-fault', /double fault/],
  // Since v6.3 ": panic_on_warn set ..." follows.
  ['atomic-sleep', /^Kernel panic - not syncing: scheduling while atomic/],
  // "(device sda1): panic forced after error" of ext4, with "EXT4-fs " or "EXT4-fs error: " before; btrfs and UBIFS.
  [
    'filesystem-error',
    /panic forced after error|^Kernel panic - not syncing: (BTRFS|XFS|F2FS|UBIFS|GFS2|JFS|ocfs2)\b/i,
  ],
  ['warning', /panic_on_warn set/],
  ['use-after-free', /kasan\.fault|KASAN|KFENCE/],
]

/** Lines with which trouble begins, the more telling ones first. Since v6.10 "Oops: " stands before the exceptions. */
const TROUBLE: readonly Pattern[] = [
  // What a check says before it stops or warns; the words are the same since v4.10 and, without its reasons, since v2.6.
  ['list-corruption', /^list_(?:add|del)(?:_\w+)? (?:corruption[.,]|double add:)/],
  // SLUB: "BUG kmalloc-64 (Tainted: G    B): Redzone overwritten". What is left at the end of a cache is no corruption.
  ['double-free', /^BUG \S+ \([^)]*\): Object already free/],
  ['slab-corruption', /^BUG \S+ \((?:Tainted|Not tainted)[^)]*\): (?!Objects remaining)/],
  // "double-free or invalid-free" before v6.1.
  ['double-free', /^BUG: KASAN: (?:double-free|invalid-free)|^BUG: KFENCE: invalid free/],
  [
    'memory-corruption',
    /^BUG: (?:KASAN: [\w-]*(?:out-of-bounds|wild)|KFENCE: (?:out-of-bounds|memory corruption))/,
  ],
  ['use-after-free', /^BUG: (KASAN|KFENCE|KMSAN): /],
  // "unable to handle kernel NULL pointer dereference" before v5.2, "kernel NULL pointer dereference, address:" since.
  ['null-dereference', /^BUG: (unable to handle )?kernel NULL pointer dereference/],
  ['null-dereference', /^Unable to handle kernel NULL pointer dereference/],
  ['bad-address', /^BUG: unable to handle (page fault|kernel paging request)/],
  [
    'bad-address',
    /^Unable to handle kernel (paging request|access to user memory|read|write|execute)/,
  ],
  ['general-protection', /^(Oops: )?general protection fault/],
  ['bug', /^kernel BUG at /],
  [
    'atomic-sleep',
    /^BUG: (?:scheduling while atomic|sleeping function called from invalid context)/,
  ],
  [
    'lock-misuse',
    /^BUG: (?:spinlock|rwlock|rt_mutex|mutex|lock) [\w ]+|^WARNING: (?:bad unlock balance|lock held when returning|inconsistent lock state|possible (?:recursive|circular|irq lock))/,
  ],
  ['memory-corruption', /^BUG: Bad (?:page|rss-counter) /],
  // "stack guard page was hit" before v5.16, which stack since. arm64: "Insufficient stack space to handle exception!".
  ['stack-overflow', /^(BUG: (\w+ )?stack guard page was hit|Insufficient stack space to handle)/],
  ['double-fault', /^(PANIC: double fault|(Oops: )?double fault:)/],
  ['divide-error', /^(Oops: )?divide error:/],
  ['soft-lockup', /^(NMI )?(watchdog: )?BUG: soft lockup/],
  // "NMI watchdog: " before v6.5, "watchdog: " since, and since v6.9 the CPU that noticed.
  [
    'hard-lockup',
    /^(NMI )?(watchdog: )?(CPU\d+: )?(BUG: hard lockup|Watchdog detected hard LOCKUP)/,
  ],
  ['workqueue-lockup', /^BUG: workqueue lockup/],
  ['hung-task', /^INFO: task .* blocked (in I\/O wait )?for more than/],
  ['rcu-stall', /^(rcu: )?INFO: rcu_\w+ (detected|self-detected)/],
  ['machine-check', /^mce: \[Hardware Error\]/],
  ['sysrq', /^sysrq: (SysRq : )?Trigger a crash/i],
  // "WARNING: CPU: 0 PID: 1 at file:line func" before v6.18, "WARNING: file:line at func, CPU#0: comm/1" since.
  ['warning', /^WARNING: (CPU: \d|\S+:\d+ at )/],
  ['warning', /^UBSAN: [\w -]+ in /],
  ['refcount', /^refcount_t: /],
  ['invalid-opcode', /^(Oops: )?invalid opcode:/],
  ['oops', /^(Internal error: )?Oops/],
]
/** Kinds that end in a panic of the same name only: seen alone they were survived. */
const SURVIVABLE = new Set<CrashKind>([
  'soft-lockup',
  'hung-task',
  'rcu-stall',
  'workqueue-lockup',
  'machine-check',
  'warning',
  'refcount',
  'slab-corruption',
  'double-free',
  'memory-corruption',
  'atomic-sleep',
  'lock-misuse',
])

/** What the log says of the crash. */
export interface CrashWords {
  readonly kind: CrashKind
  /** The line that tells the kind; '' if none does. */
  readonly evidence: string
  /** Trouble the log speaks of before, first first: often the true cause. */
  readonly earlier: readonly string[]
}

/**
 * Classify a crash by the kernel's own words.
 *
 * @param lines the log, without time stamps, oldest first
 */
export function classifyCrash(lines: readonly string[]): CrashWords {
  const panicAt = lines.findLastIndex((line) => line.startsWith(PANIC_PREFIX))
  const panic = lines[panicAt]
  const before = panicAt < 0 ? lines : lines.slice(0, panicAt)
  const trouble = before.flatMap((line) => {
    const kind = match(TROUBLE, line)
    return kind ? [{ kind, line }] : []
  })
  const told = panic === undefined ? undefined : match(PANIC_REASONS, panic)
  // Of a warning the panic says less than the warning itself.
  if (panic !== undefined && told && !(told === 'warning' && trouble.length > 0)) {
    return {
      kind: told,
      evidence: panic,
      earlier: trouble.filter(({ kind }) => kind !== told).map(({ line }) => line),
    }
  }
  const last = told === 'warning' ? -1 : trouble.findLastIndex(({ kind }) => !SURVIVABLE.has(kind))
  const index = beginningOf(trouble, last === -1 ? trouble.length - 1 : last)
  const cause = trouble[index]
  if (cause && (panic === undefined || told === 'warning' || isEndOfTrouble(panic))) {
    return {
      kind: cause.kind,
      evidence: cause.line,
      earlier: trouble.slice(0, index).map(({ line }) => line),
    }
  }
  return {
    kind: panic === undefined ? 'unknown' : 'panic',
    evidence: panic ?? '',
    earlier: trouble.map(({ line }) => line),
  }
}

/** Where what the line at `last` goes on with began. */
function beginningOf(
  trouble: readonly { readonly kind: CrashKind; readonly line: string }[],
  last: number,
): number {
  for (let index = last; index > 0; index--) {
    const before = trouble[index - 1]
    if (!before || !continues(before.kind, trouble[index]?.line ?? '')) return index
  }
  return last < 0 ? last : 0
}

/** What is said before a check stops or warns, as against what is said of it then. */
const HEADLINES = new Set<CrashKind>(['list-corruption', 'refcount'])

/**
 * Does a line go on with trouble of a kind? "Oops: 0002 [#1]" and "invalid opcode:" say again what the line before said,
 * "kernel BUG at" and "WARNING:" where the check is that the line before told of.
 */
export function continues(kind: CrashKind, line: string): boolean {
  if (HEADLINES.has(kind) && /^(?:kernel BUG at |WARNING: )/.test(line)) return true
  if (/^(?:Oops: )?invalid opcode: /.test(line)) return kind === 'bug' || HEADLINES.has(kind)
  // "Oops: 0002" is "Oops: Oops: 0002" since v6.10, "stack guard page: 0000" is "Oops: stack guard page: 0000".
  return (
    /^(?:(?:Oops: ){1,2}(?:[\da-f]{4}\b|stack guard page)|Internal error: )/.test(line) &&
    !SURVIVABLE.has(kind)
  )
}

/** Panics that end trouble which was told of before. */
function isEndOfTrouble(panic: string): boolean {
  return /[Ff]atal exception|Oops|panic_on_taint|kill the idle task|killing interrupt handler/.test(
    panic,
  )
}

/** The kind of trouble that begins with a line of the log; undefined if none does. */
export function troubleKind(line: string): CrashKind | undefined {
  return match(TROUBLE, line)
}

function match(patterns: readonly Pattern[], line: string): CrashKind | undefined {
  return patterns.find(([, pattern]) => pattern.test(line))?.[0]
}
