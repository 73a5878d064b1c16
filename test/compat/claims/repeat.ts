// repeat: a command of the shell itself.
import assert from 'node:assert/strict'
import { defineClaims, recipeClaim } from './claim.ts'

export const repeat = defineClaims([
  recipeClaim('repeat -1 p jiffies', 'crash goes on until Ctrl-C', ({ lines }) =>
    assert.match(lines.join('\n'), /^jiffies = \$1 = \d+$/),
  ),
  recipeClaim('repeat p jiffies', 'crash goes on until Ctrl-C', ({ lines }) =>
    assert.equal(lines.length, 1),
  ),
])
