// ascii: characters. In its chart crash has ' and ` in each other's place, and - for _.
import { defineClaims, sameAsCrash } from './claim.ts'

/** The chart without the three characters crash has wrong. */
const chart = (lines: readonly string[]): string[] =>
  lines.map((line) =>
    /^ +[07F] \|/.test(line)
      ? line.replace(/(?<= )['`_](?= )/g, '?').replace(/ - (?= +o)/, ' ? ')
      : line,
  )

export const ascii = defineClaims([
  sameAsCrash('ascii 62696c2f7273752f'),
  sameAsCrash('ascii 62696c2f 410a7f 1122334455667788'),
  sameAsCrash('ascii 11223344556677889'),
  sameAsCrash('ascii zz'),
  sameAsCrash('ascii', { ours: chart, theirs: chart }),
])
