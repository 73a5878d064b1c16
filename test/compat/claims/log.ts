// log: the kernel's messages.
import assert from 'node:assert/strict'
import { crashClaim, defineClaims, recipeClaim, sameAsCrash, type Claim } from './claim.ts'

/** Every line of a message has its prefix, as in dmesg; crash puts blanks before all but the first. */
const same = (line: string): Claim =>
  crashClaim(line, ({ lines }, theirs) => {
    assert.ok(theirs.length > 50)
    assert.equal(lines.length, theirs.length)
    theirs.forEach((text, i) => {
      const ours = lines[i] ?? ''
      assert.equal(
        /^ /.test(text) ? ours.replace(PREFIX, '').trim() : ours,
        /^ /.test(text) ? text.trim() : text,
      )
    })
  })

const PREFIX = /^\[ *\d+\.\d+\] (?:\[ *[TC]\d+\] )?(?:<\d>)?/

export const log = defineClaims([
  sameAsCrash('log -t'),
  ...['log', 'log -d', 'log -m', 'log -c', 'log -R', 'log -tdm', 'log -dmc'].map(same),
  // The time of boot is minutes off in crash on 6.12, as its UPTIME is.
  crashClaim('log -T', ({ lines }, theirs) => {
    const text = (all: readonly string[]): string[] =>
      all.map((line) => line.replace(/^\[.*? \d{4}\] /, '').trim())
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
