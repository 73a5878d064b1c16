// alias: a command of the shell itself.
import assert from 'node:assert/strict'
import { crashClaim, defineClaims } from './claim.ts'

export const alias = defineClaims([
  crashClaim('alias', ({ lines }, theirs) => {
    const pairs = (all: readonly string[]): string[] =>
      all
        .map((line) => line.trim().split(/\s+/).join(' '))
        .filter((line) => line.startsWith('builtin'))
    const ours = pairs(lines)
    assert.ok(theirs.length > 10)
    // quit is a command of its own name here.
    const wanted = pairs(theirs).map((line) => line.replace('quit q', 'quit exit'))
    assert.deepEqual(
      wanted.filter((line) => !ours.includes(line)),
      [],
    )
  }),
])
