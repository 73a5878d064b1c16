// sym: symbols by name and address. Those of modules crash has from the module's file, with other letters and names.
import assert from 'node:assert/strict'
import type { Program } from '../../../src/core/program/program.ts'
import { crashClaim, defineClaims, recipeClaim, type Claim } from './claim.ts'
import { sameAsGdb } from './gdb_text.ts'

const TEXT = /^([\da-f]{16}) \([tT]\) (\w+)/

/** Functions by address, the compiler's suffixes aside: kallsyms keeps them, crash does not. */
const functions = (lines: readonly string[]): Set<string> =>
  new Set(
    lines
      .map((line) => TEXT.exec(line))
      .filter((match) => match !== null)
      .map((match) => `${match[1]} ${match[2]}`),
  )

const modules = (line: string): Claim =>
  crashClaim(line, ({ lines }, theirs) => {
    const [ours, all] = [functions(lines), functions(theirs)]
    assert.ok(all.size > 10)
    assert.deepEqual(
      [...all].filter((each) => !ours.has(each)),
      [],
    )
  })

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
  ...sameAsGdb(['sym -n jiffies', 'sym -p jiffies', 'sym -np schedule', 'sym -q vmap_area_root']),
  withFile('sym schedule', 'sym schedule'),
  withFile((program) => `sym ${(program.symbol('vfs_read') + 1n).toString(16)}`, 'sym ADDRESS'),
  modules('sym -m overlay'),
  modules('sym -M'),
  crashClaim('sym -l', ({ lines }, theirs) => {
    const [ours, all] = [functions(lines), functions(theirs)]
    assert.ok(ours.size > 10_000)
    const missing = [...all].filter((each) => !ours.has(each))
    // crash lists modules too, and symbols that kallsyms leaves out.
    assert.ok(missing.length < all.size / 10, `${missing.length} of ${all.size}`)
  }),
  recipeClaim('sym schedule+4', 'crash finds no such symbol', ({ lines }) =>
    assert.match(lines[0] ?? '', /\(T\) schedule\+4\b/),
  ),
])
