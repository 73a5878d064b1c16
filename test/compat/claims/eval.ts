// eval: sums and values, in every radix.
import { defineClaims, recipeClaim, refusedAsCrash, sameAsCrash } from './claim.ts'
import assert from 'node:assert/strict'

export const evalClaims = defineClaims([
  ...[
    ...[
      '128m',
      '128 * 1m',
      '(1 << 27)',
      '(1 << 32)',
      '-b 41dc065',
      '-lb 64g',
      '-1',
      '~0',
      '~5 + 1',
    ],
    ...['init_task', 'init_task + 8', '0x10 * 2', '10 / 3', '10 % 3', '0', 'abc', '3k', '0x3k'],
    ...['ffffffffffffffff', 'fffffffff0000000', '5 ^ 3', '5 & 4', '(5 | 2)', '5 - 6', '10k + 1m'],
    ...['-b 0', '-l 5', '(8000000000000000 >> 60)'],
  ].map((text) => sameAsCrash(`eval ${text}`)),
  refusedAsCrash('eval zzz'),
  recipeClaim('eval 10 / 0', 'crash dies of it', ({ blocks }) =>
    assert.equal(blocks[0]?.message, 'division by zero'),
  ),
])
