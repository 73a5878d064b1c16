// A BUG() or WARN() that trapped: where it stands in the source, by the kernel's own table, or else by the log; and the
// words that were printed with it. Source: lib/bug.c report_bug(), kernel/panic.c __warn().
import { attempt } from '../base/errors.ts'
import { formatAddress } from '../base/hex.ts'
import { findBug } from '../kernel/bug.ts'
import type { Program } from '../program/program.ts'
import type { Fault } from './fault.ts'
import { pathText } from './frame_text.ts'
import type { Evidence } from './rule.ts'
import type { Scene } from './scene.ts'
import type { LogLine, Trouble } from './trouble.ts'

/** A check and what it said. */
export interface FailedCheck {
  readonly isWarning: boolean
  /** '' without CONFIG_DEBUG_BUGVERBOSE. */
  readonly file: string
  readonly line: number
  /** What its author let it print; '' for nothing. */
  readonly message: string
  /** Known by the kernel's table of checks, not by the log alone. */
  readonly isInTable: boolean
}

/** The check that a fault is; undefined for faults that are none. */
export function failedCheck(scene: Scene, { ip, trouble }: Fault): FailedCheck | undefined {
  const bug = ip === undefined ? undefined : attempt(() => findBug(scene.program, ip))
  const message = trouble ? checkMessage(scene.lines, trouble) : ''
  if (bug) {
    const { isWarning, file, line } = bug
    return { isWarning, file, line, message, isInTable: true }
  }
  return trouble && printedCheck(scene.lines, trouble, message)
}

/**
 * `kernel BUG at mm/slub.c:435!`; `WARNING: CPU: 0 PID: 1 at mm/slub.c:435 f+0x1/0x2`, since v6.18
 * `WARNING: mm/slub.c:435 at f+0x1/0x2, CPU#0: sh/1`.
 */
const CHECK =
  /^(?:kernel BUG at (?<bug>\S+):(?<bugLine>\d+)!|WARNING: (?:CPU: \d+ PID: \d+ at )?(?<warning>\S+):(?<line>\d+) )/

function printedCheck(
  lines: readonly LogLine[],
  { start, end }: Trouble,
  message: string,
): FailedCheck | undefined {
  // Headlines stand before it.
  for (const { text } of lines.slice(start, Math.min(end, start + MESSAGE_LINES))) {
    const found = CHECK.exec(text)?.groups
    if (!found) continue
    return {
      isWarning: found.warning !== undefined,
      file: (found.bug ?? found.warning ?? '').replace(/^(?:\.\/)+/, ''),
      line: Number(found.bugLine ?? found.line),
      message,
      isInTable: false,
    }
  }
  return undefined
}

const CUT = /^-+\[ cut here \]-+$/
const MESSAGE_LINES = 6
/** What is printed so long before has nothing to do with it. */
const MESSAGE_NSEC = 20_000_000n

/**
 * What was printed with a check: between the mark and the line for a warning; before the mark for what checks by itself and
 * then calls BUG(), such as "usercopy: Kernel memory exposure attempt detected…".
 */
function checkMessage(lines: readonly LogLine[], { start, line }: Trouble): string {
  const first = lines[start]
  const before: LogLine[] = []
  for (let index = start - 1; index >= Math.max(0, start - 2 * MESSAGE_LINES); index--) {
    const each = lines[index]
    if (!first || !each || first.tsNsec - each.tsNsec > MESSAGE_NSEC) break
    if (each.callerId === first.callerId) before.unshift(each)
  }
  const cut = before.findLastIndex(({ text }) => CUT.test(text))
  if (cut < 0) return ''
  const said = before.slice(cut + 1).map(({ text }) => text)
  if (said.length > 0 && said.length <= MESSAGE_LINES) return said.join(' ').trim()
  return line.startsWith('kernel BUG at ') ? (before[cut - 1]?.text ?? '').trim() : ''
}

/** `mm/slub.c:435`; of modules built elsewhere, whose files have whole paths, the name only. */
export function checkPlace({ file, line }: FailedCheck): string {
  if (file === '') return 'an unknown place'
  return `${file.startsWith('/') ? file.replace(/^.*\//, '') : file}:${line}`
}

/** What shows the check: the instruction, the line of the log, who got there. */
export function checkEvidence(
  program: Program,
  { ip, frames, trouble }: Fault,
  check: FailedCheck,
): Evidence[] {
  const what = check.isWarning ? 'WARN()' : 'BUG()'
  const evidence: Evidence[] = []
  if (ip !== undefined && check.isInTable) {
    const text = `the bug table has the instruction as a ${what} at ${checkPlace(check)}`
    evidence.push({ text, address: ip, command: `dis ${formatAddress(ip)} 1` })
  }
  if (trouble) evidence.push({ text: `the log says: ${trouble.line}`, command: 'log' })
  if (check.message !== '') evidence.push({ text: `it said: ${check.message}`, command: 'log' })
  evidence.push({ text: `the way there: ${pathText(program, frames)}`, command: 'bt' })
  return evidence
}
