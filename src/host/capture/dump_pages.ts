// The page frames of a dump as the engine wants them.
import type { Dump, PfnRun } from '../../core/dump/dump_format.ts'

/** What the engine knows of a dump. */
export interface DumpPages {
  readonly pageSize: number
  readonly pfnEnd: number
  /** Frames that are RAM, ascending and disjoint. */
  readonly existing: readonly PfnRun[]
  /** Those of them whose content the dump has. */
  readonly present: readonly PfnRun[]
  /** Read physical memory. @throws {FaultError} where the dump has nothing */
  read(physical: number, into: Uint8Array): void
}

/** Prepare a dump for filtering. */
export function dumpPages(dump: Dump): DumpPages {
  return {
    pageSize: dump.pageSize,
    pfnEnd: dump.pfnEnd,
    existing: dump.pfnRuns('existing'),
    present: dump.pfnRuns('present'),
    read: (physical, into) => dump.readPhysical(physical, into),
  }
}
