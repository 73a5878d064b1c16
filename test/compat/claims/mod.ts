// mod: modules. What stands behind the size is our own: crash names object files, kbox what the dump holds.
import { sameAsCrash, defineClaims } from './claim.ts'

const columns = (lines: readonly string[]): string[] =>
  lines.map((line) => line.split(/ {2}\(/)[0] ?? '').slice(1)

export const mod = defineClaims([
  sameAsCrash('mod', { ours: columns, theirs: columns }),
  sameAsCrash('mod -t'),
])
