// log: the kernel's messages.
import assert from 'node:assert/strict'
import { crashClaim, defineClaims, recipeClaim, sameAsCrash } from './claim.ts'

export const log = defineClaims([
  ...['log', 'log -t', 'log -d', 'log -m', 'log -c', 'log -R', 'log -tdm', 'log -dmc'].map((line) =>
    sameAsCrash(line),
  ),
  // The time of boot is minutes off in crash on 6.12, as its UPTIME is.
  crashClaim('log -T', ({ lines }, theirs) => {
    const text = (all: readonly string[]): string[] =>
      all.map((line) => line.replace(/^\[.*? \d{4}\] /, ''))
    assert.deepEqual(text(lines), text(theirs))
  }),
  recipeClaim('log -a', 'crash prints nothing where no audit record is left', ({ lines }) =>
    assert.ok(lines.every((line) => /^type=|log: kernel audit log is empty|^ /.test(line))),
  ),
  recipeClaim(
    'log -s',
    'kernels since 5.15 have no such buffers, and crash prints nothing',
    ({ lines }) => assert.match(lines[0] ?? '', /no such buffers|PRINTK_SAFE_SEQ_BUF/),
  ),
])
