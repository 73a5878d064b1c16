// The machine and its kernel, as a report has them.
import type { HexText } from './hex_text.ts'

/** The machine. */
export interface ReportSystem {
  readonly release: string
  /** `uname -v`. */
  readonly kernelVersion: string | null
  readonly nodename: string | null
  readonly machine: string
  readonly cpus: number | null
  readonly memoryBytes: number | null
  /** Seconds since 1970. */
  readonly crashTime: number | null
  readonly uptimeSeconds: number | null
  readonly loadAverages: readonly number[] | null
  /** Letters of the taints, '' for none. */
  readonly taints: string | null
  readonly commandLine: string | null
}

/** A loaded module. */
export interface ReportModule {
  readonly name: string
  readonly address: HexText
  readonly sizeBytes: number
  /** Letters of its own taints, '' for none. */
  readonly taints: string
  /** MODULE_VERSION(), '' for none. */
  readonly version: string
}
