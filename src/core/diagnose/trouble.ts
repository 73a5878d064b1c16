// Trouble the kernel's log tells of: an oops, a warning, a lockup, with the registers and the trace printed for it.
// Wording differs between releases; what is not found is undefined.
// Source: arch/x86/kernel/dumpstack.c show_trace_log_lvl(), __show_regs(); arch/arm64/kernel/process.c __show_regs();
// lib/dump_stack.c dump_stack_print_info().
import type { LogRecord } from '../kernel/log_record.ts'
import { continues, PANIC_PREFIX, troubleKind, type CrashKind } from './crash_kind.ts'

/** A line of the log. */
export interface LogLine {
  readonly text: string
  /** Nanoseconds since boot. */
  readonly tsNsec: bigint
  readonly level: number
  /** Who printed it, where the kernel notes that. */
  readonly callerId: number | undefined
}

/** `name+0x12/0x34 [module]`, as printed. */
export interface PrintedSymbol {
  readonly name: string
  readonly offset: number
  /** '' for the kernel itself. */
  readonly module: string
  /** False behind a `?`: found on the stack, not by unwinding. */
  readonly isReliable: boolean
}

/** One piece of trouble, and what was printed of it. */
export interface Trouble {
  readonly kind: CrashKind
  /** The line it begins with. */
  readonly line: string
  /** Its lines: indexes into the log's lines, end exclusive. */
  readonly start: number
  readonly end: number
  readonly tsNsec: bigint
  readonly cpu: number | undefined
  readonly pid: number | undefined
  readonly comm: string | undefined
  /** The instruction, as the first `RIP:` line or `pc :` line has it. */
  readonly ip: PrintedSymbol | undefined
  /** The instruction where it is in no function: a jump to nowhere. */
  readonly strayIp: bigint | undefined
  /** The bad address, where the first line has one. */
  readonly address: bigint | undefined
  /** Error code of a page fault; undefined for what is none. */
  readonly errorCode: number | undefined
  /** By the names of pt_regs: `ax`, `r12`, `x0`; and `cr2`. */
  readonly registers: ReadonlyMap<string, bigint>
  /** Innermost first; without the instruction itself. */
  readonly trace: readonly PrintedSymbol[]
}

/** Lines a piece of trouble is at most looked for. */
const LINES_MAX = 250
const TROUBLES_MAX = 1000
const FRAMES_MAX = 200

/** The log's records as lines. */
export function logLines(records: Iterable<LogRecord>): LogLine[] {
  return Array.from(records).flatMap(({ text, tsNsec, level, callerId }) =>
    text.split('\n').map((line) => ({ text: line, tsNsec, level, callerId })),
  )
}

/**
 * Every piece of trouble in a log, oldest first, at most {@link TROUBLES_MAX}.
 *
 * Several CPUs may print at once: where the kernel notes who printed a line, only lines of one are taken together.
 */
export function readTroubles(lines: readonly LogLine[]): Trouble[] {
  const found: Trouble[] = []
  // Up to where lines of each printer belong to what was read: others' trouble may begin between.
  const ends = new Map<number | undefined, number>()
  for (const [index, { text, callerId }] of lines.entries()) {
    if (found.length === TROUBLES_MAX) break
    const kind = index < (ends.get(callerId) ?? 0) ? undefined : troubleKind(text)
    if (!kind) continue
    const trouble = readTrouble(lines, index, kind)
    found.push(trouble)
    ends.set(callerId, trouble.end)
  }
  return found
}

function readTrouble(lines: readonly LogLine[], start: number, kind: CrashKind): Trouble {
  const first = lines[start]
  const end = endOf(lines, start, kind)
  const texts = lines
    .slice(start, end)
    .filter(({ callerId }) => callerId === first?.callerId)
    .map(({ text }) => text)
  const who = firstMatch(
    texts,
    /^CPU: (\d+) (?:UID: \d+ )?PID: (\d+) Comm: (.+?) (?:Kdump|Tainted|Not tainted)/,
  )
  const line = first?.text ?? ''
  const named = namedTask(line)
  return {
    kind,
    line,
    start,
    end,
    tsNsec: first?.tsNsec ?? 0n,
    cpu: numberOf(who?.[1] ?? /(?:CPU#|CPU: ?|on cpu )(\d+)/i.exec(line)?.[1]),
    pid: numberOf(who?.[2] ?? named?.pid),
    comm: who?.[3] ?? named?.comm,
    ip: printedSymbol(firstMatch(texts, INSTRUCTION)?.[1] ?? ''),
    strayIp: bigintOf(/^0x[\da-f]+$/.exec(firstMatch(texts, INSTRUCTION)?.[1] ?? '')?.[0]),
    address: addressOf(line),
    errorCode: numberOf(firstMatch(texts, /^#PF: error_code\(0x([\da-f]+)\)/)?.[1], 16),
    registers: readRegisters(texts),
    trace: readTrace(texts),
  }
}

/** Of the kernel, by its code segment: where a system call came from is printed alike. Xen has e030 and e033. */
const INSTRUCTION = /^(?:RIP: (?:(?:0010|e030|e033):)?|pc : )(.*)/

/** Ways to name a task in the first line. */
const TASKS: readonly RegExp[] = [
  /^INFO: task (?<comm>.{1,64}):(?<pid>\d+) blocked/,
  /stuck for \d+s! \[(?<comm>.{1,64}):(?<pid>\d+)\]$/,
  // "scheduling while atomic: sh/812/0x00000002"; since v6.18 "WARNING: file:line at func, CPU#0: sh/812".
  /(?:while atomic|, CPU#\d+): (?<comm>.{1,64}?)\/(?<pid>\d+)(?:\/0x[\da-f]+)?$/,
]

function namedTask(line: string): { readonly comm?: string; readonly pid?: string } | undefined {
  for (const pattern of TASKS) {
    const groups = pattern.exec(line)?.groups
    if (groups) return groups
  }
  return undefined
}

/** Up to the end mark of its trace, or to where other trouble begins that this one does not go on with. */
function endOf(lines: readonly LogLine[], start: number, kind: CrashKind): number {
  const caller = lines[start]?.callerId
  const limit = Math.min(lines.length, start + LINES_MAX)
  let hasTrace = false
  for (let index = start + 1; index < limit; index++) {
    const line = lines[index]
    if (!line || line.callerId !== caller) continue
    if (line.text.startsWith('---[ end ')) return index + 1
    // Trouble within trouble has a trace of its own; `Oops:` below `BUG:` has not.
    if (troubleKind(line.text) && (hasTrace || !continues(kind, line.text))) return index
    if (line.text.startsWith(PANIC_PREFIX)) return index
    hasTrace ||= TRACE.test(line.text)
  }
  return limit
}

const TRACE = /^Call [Tt]race:/

const SYMBOL =
  /^\s*(\? )?(?:\[<[\da-f]+>\] )?([\w.$]+)\+0x([\da-f]+)\/0x[\da-f]+(?: \[(\w+)[^\]]*\])?/

/** `func+0x1/0x2 [module]`, with or without a `?`; undefined for what is none. */
export function printedSymbol(text: string): PrintedSymbol | undefined {
  const [whole, doubt, name = '', offset = '', module = ''] = SYMBOL.exec(text) ?? []
  if (whole === undefined) return undefined
  return { name, offset: Number.parseInt(offset, 16), module, isReliable: doubt === undefined }
}

/** The symbols below `Call Trace:`, innermost first. */
export function readTrace(texts: readonly string[]): PrintedSymbol[] {
  const begin = texts.findIndex((text) => TRACE.test(text))
  if (begin < 0) return []
  const found: PrintedSymbol[] = []
  for (const text of texts.slice(begin + 1)) {
    const symbol = printedSymbol(text)
    if (symbol) found.push(symbol)
    else if (!WITHIN_TRACE.test(text)) break
    if (found.length >= FRAMES_MAX) break
  }
  return found
}

/** Marks of stacks, registers between them, addresses that nothing is known of. */
const WITHIN_TRACE =
  /^\s*(?:<\/?[\w# ]+>|(?:RIP|RSP|R\w\w|Code|ORIG_RAX|FS|CS|CR2):|(?:\? )?(?:\[<)?0x[\da-f]+)/

/** Those printed first: later ones are of user mode, or of an interrupted context. */
function readRegisters(texts: readonly string[]): Map<string, bigint> {
  const found = new Map<string, bigint>()
  for (const text of texts) {
    if (TRACE.test(text)) break
    for (const [, name = '', value = ''] of text.matchAll(
      /\b(R[A-Z\d]{1,2}|CR\d|x\d+|sp|lr)\s?: ?(?:[\da-f]{4}:)?([\da-f]{16})\b/g,
    )) {
      const key = name.toLowerCase().replace(/^r(?=[a-z])/, '')
      if (!found.has(key)) found.set(key, BigInt(`0x${value}`))
    }
  }
  return found
}

function addressOf(line: string): bigint | undefined {
  const [, hex] =
    /(?:address:? |dereference at (?:virtual address )?|request at |non-canonical address )(?:0x)?([\da-f]{8,16})\b/.exec(
      line,
    ) ?? []
  return hex === undefined ? undefined : BigInt(`0x${hex}`)
}

function firstMatch(texts: readonly string[], pattern: RegExp): RegExpExecArray | undefined {
  for (const text of texts) {
    const match = pattern.exec(text)
    if (match) return match
  }
  return undefined
}

function bigintOf(text: string | undefined): bigint | undefined {
  return text === undefined ? undefined : BigInt(text)
}

function numberOf(text: string | undefined, radix = 10): number | undefined {
  return text === undefined ? undefined : Number.parseInt(text, radix)
}
