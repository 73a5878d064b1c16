// exit: a command of the shell itself.
import assert from 'node:assert/strict'
import { defineClaims, recipeClaim } from './claim.ts'

export const exit = defineClaims([
  recipeClaim('exit', 'a session that has ended prints nothing', ({ lines }) =>
    assert.deepEqual(lines, []),
  ),
])
