// mod: modules. What stands behind the size is our own: crash names object files, kbox what the dump holds.
import assert from 'node:assert/strict'
import { forEachModule } from '../../../src/core/kernel/module.ts'
import { defineClaims, recipeClaim, sameAsCrash, type Claim } from './claim.ts'

const columns = (lines: readonly string[]): string[] =>
  lines.map((line) => line.split(/ {2}\(/)[0] ?? '').slice(1)

const WHY = 'crash wants object files, which nobody here needs: symbols and types are in the dump'

/** One module, or all of them, and a word about the work that need not be done. */
const needless = (line: string): Claim =>
  recipeClaim(line, WHY, ({ rows, lines, program }) => {
    const all = [...forEachModule(program)].map((module) => module.string('name'))
    const wanted = line.includes('overlay') ? ['overlay'] : all
    assert.deepEqual(new Set(rows.map(({ name }) => name)), new Set(wanted))
    assert.match(lines.at(-1) ?? '', /nothing to (un)?load|in the dump/)
  })

export const mod = defineClaims([
  sameAsCrash('mod', { ours: columns, theirs: columns }),
  sameAsCrash('mod -t'),
  ...['mod -s overlay', 'mod -S', 'mod -d overlay', 'mod -D', 'mod -r -S', 'mod -R'].map(needless),
  ...['mod -o -S', 'mod -g -S'].map(needless),
])
