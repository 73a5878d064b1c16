// ascii: characters. In its chart crash has ' and ` in each other's place, - and _ too.
import { defineClaims, refusedAsCrash, sameAsCrash } from './claim.ts'

/** The chart without the characters crash has wrong. */
const chart = (lines: readonly string[]): string[] =>
  lines.map((line) => {
    const wrong = { '0 |': 31, '7 |': 15, 'D |': 15, 'F |': 27 }[line.slice(2, 5)]
    return wrong === undefined ? line : `${line.slice(0, wrong)}?${line.slice(wrong + 1)}`
  })

export const ascii = defineClaims([
  sameAsCrash('ascii 62696c2f7273752f'),
  sameAsCrash('ascii 62696c2f 410a7f 1122334455667788'),
  refusedAsCrash('ascii 11223344556677889'),
  refusedAsCrash('ascii zz'),
  sameAsCrash('ascii', { ours: chart, theirs: chart }),
])
