// extend: a command of the shell itself.
import assert from 'node:assert/strict'
import { defineClaims, recipeClaim } from './claim.ts'

export const extend = defineClaims([
  recipeClaim('extend', 'crash loads objects of its own only', ({ lines }) =>
    assert.deepEqual(lines, ['no extensions loaded']),
  ),
  recipeClaim('extend -u', 'as without', ({ lines }) => assert.deepEqual(lines, [])),
  recipeClaim('extend -s', 'a test has no folders that are searched', ({ lines }) =>
    assert.deepEqual(lines, ['extend: not supported: loading modules here']),
  ),
])
