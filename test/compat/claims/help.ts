// help: a command of the shell itself.
import assert from 'node:assert/strict'
import { COMMANDS } from '../../../src/core/crash/commands.ts'
import { defineClaims, recipeClaim } from './claim.ts'

export const help = defineClaims([
  recipeClaim('help', 'the list is that of our own commands', ({ rows }) =>
    assert.deepEqual(
      new Set(rows.map(({ command }) => command)),
      new Set(COMMANDS.map(({ name }) => name)),
    ),
  ),
  recipeClaim('help -a', 'every page is our own', ({ lines }) =>
    assert.equal(lines.filter((line) => line === 'NAME').length, COMMANDS.length),
  ),
])
