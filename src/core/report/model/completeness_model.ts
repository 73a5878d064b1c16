// How much a dump holds, and what making the report cost.

/** How much of the machine the dump holds, and what could not be read. */
export interface ReportCompleteness {
  readonly file: string
  readonly fileBytes: number | null
  readonly format: string
  /** null where the format does not say. */
  readonly dumpLevel: number | null
  /** The writer did not finish, or the file was cut. */
  readonly incomplete: boolean
  readonly symbols: number | null
  readonly types: boolean
  readonly modules: number
  /** What could not be read, and why. */
  readonly problems: readonly string[]
}

/** Where the time of making the report went. */
export interface ReportTiming {
  readonly step: string
  readonly milliseconds: number
}
