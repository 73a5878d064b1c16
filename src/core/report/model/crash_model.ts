// What ended the machine, as a report has it.
import type { CrashKind } from '../../diagnose/crash_kind.ts'
import type { HexText } from './hex_text.ts'

/** What ended it. */
export interface ReportCrash {
  /** By the kernel's own words alone; the verdict knows better. */
  readonly kind: CrashKind
  /** The kind in words. */
  readonly title: string
  /** The kernel's last words. */
  readonly message: string
  /** The line that tells the kind, where it is not the message. */
  readonly evidence: string
  /** Earlier trouble in the log, first first, at most 10. */
  readonly earlier: readonly string[]
  readonly cpu: number | null
  readonly task: ReportTask | null
}

/** The task that panicked. */
export interface ReportTask {
  readonly pid: number
  readonly comm: string
  readonly address: HexText
  readonly kernelThread: boolean
  /** Its arguments; null if its memory is not in the dump. */
  readonly arguments: readonly string[] | null
}

/** An instruction that could not be executed, or a check that trapped. */
export interface ReportFault {
  /** The kernel died of it. */
  readonly fatal: boolean
  /** Its first line in the log, '' if the log has none. */
  readonly line: string
  readonly ip: HexText | null
  /** null where no symbol is known. */
  readonly function: string | null
  readonly offset: number | null
  readonly module: string
  /** By the names of the architecture's pt_regs. */
  readonly registers: Readonly<Record<string, HexText>>
  /** The instructions around it; null if they are not in the dump. */
  readonly code: readonly ReportInstruction[] | null
}

/** An instruction. */
export interface ReportInstruction {
  readonly address: HexText
  /** Its bytes, `48 8b 07`. */
  readonly bytes: string
  readonly text: string
}
