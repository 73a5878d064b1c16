// The manifest beside a dump: what the capture kernel did, and the sum of each file it left.
import { createHash } from 'node:crypto'
import type { Step } from './step_log.ts'

/** kbox.json: what one capture did. */
export interface CaptureManifest {
  readonly version: 2
  /** The target it was saved to. */
  readonly target: string
  readonly release: string
  readonly capturedAt: string
  readonly complete: boolean
  /** `kbox test` provoked the crash. */
  readonly testId?: string
  readonly steps: readonly Step[]
  readonly memAvailableMinBytes: number
  readonly files: Readonly<Record<string, ManifestFile>>
  /** What the engine says of the dump it wrote. */
  readonly dump: Readonly<Record<string, unknown>>
}

/** One file beside the manifest. */
export interface ManifestFile {
  readonly sizeBytes: number
  /** In hex; absent where the target could not tell in time. */
  readonly sha256?: string
}

/** What stands in the place of a manifest's sum while it is summed. */
const NO_SUM = '"sum": ""'
/** The sum in a manifest's text. */
const SUM = /"sum": "([0-9a-f]{64})"/

/** Format a manifest, whole or as it was read, with the sum of its own text as its last member, so that a change of it shows, too. */
export function formatManifest(
  manifest: CaptureManifest | Readonly<Record<string, unknown>>,
): string {
  const text = `${JSON.stringify({ ...manifest, sum: '' }, null, 2)}\n`
  return text.replace(NO_SUM, `"sum": "${sumOf(text)}"`)
}

/** Is the text of a manifest that has a sum as it was written? */
export function isManifestIntact(text: string): boolean {
  const sum = SUM.exec(text)?.[1]
  return sum !== undefined && sumOf(text.replace(SUM, NO_SUM)) === sum
}

function sumOf(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
