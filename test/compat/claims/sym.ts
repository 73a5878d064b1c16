// sym: symbols by name and address.
import assert from 'node:assert/strict'
import type { Program } from '../../../src/core/program/program.ts'
import { crashClaim, defineClaims, type Claim } from './claim.ts'
import { sameAsGdb } from './gdb_text.ts'

/** crash has file and line of DWARF; what is known of the file without it must be the same. */
const withFile = (line: string | ((program: Program) => string), shows: string): Claim =>
  crashClaim(
    line,
    ({ lines: [ours = ''] }, [theirs = '']) => {
      const [, symbol, file = ''] = /^(\w+ \(\w\) [\w+]+) ([\w/.-]+) \(/.exec(ours) ?? []
      assert.ok(symbol !== undefined && theirs.startsWith(symbol), `${ours} is not ${theirs}`)
      // Where a line is of an inlined function crash names the header it comes from.
      assert.ok(theirs.includes(`/${file}: `) || theirs.includes('/include/'), theirs)
    },
    { shows },
  )

export const sym = defineClaims([
  ...sameAsGdb(['sym init_task', 'sym jiffies', 'sym -q panic_on_oops']),
  withFile('sym schedule', 'sym schedule'),
  withFile((program) => `sym ${(program.symbol('vfs_read') + 1n).toString(16)}`, 'sym ADDRESS'),
])
