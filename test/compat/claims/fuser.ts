// fuser: users of files.
import assert from 'node:assert/strict'
import { defineClaims, guestClaim, refusedAsCrash, sameAsCrash } from './claim.ts'
import { openFile } from './user_truth.ts'

export const fuser = defineClaims([
  ...['/bin/busybox', '/dev/console', '/dev/null', '/zzz'].map((path) =>
    sameAsCrash(`fuser ${path}`),
  ),
  sameAsCrash(
    (program) => `fuser ${openFile(program, 'init', /console/).inode.toString(16)}`,
    {},
    { shows: 'fuser INODE' },
  ),
  refusedAsCrash('fuser 0'),
  // crash finds `fd` for / where a path it cannot make is empty; the guest's own links say who has it open.
  guestClaim('fuser /', ({ rows }, truth) => {
    let compared = 0
    for (const { tgid, tid } of truth.tasks.values()) {
      const links = truth.read(`tasks/${tgid}/${tid}/links`)
      const row = rows.find(({ pid }) => pid === tid)
      if (links === '' || !row) continue
      compared++
      const uses: string[] = row.usage.split(' ')
      assert.equal(uses.includes('cwd'), / cwd -> \/$/m.test(links) || /cwd -> \/$/m.test(links))
      assert.equal(uses.includes('root'), /root -> \/$/m.test(links))
    }
    assert.ok(compared > 10)
  }),
])
