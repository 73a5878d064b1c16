// ps: lists that do not change while crash looks at them are equal, line by line.
import assert from 'node:assert/strict'
import { defineClaims, drgnClaim, sameAsCrash, without } from './claim.ts'

/** What crash takes for the uptime of 6.12 is minutes off (UPTIME 00:03:54, /proc/uptime 36 s), and run times with it. */
const NO_RUN_TIME = without(/^ *RUN TIME: /)

export const ps = defineClaims([
  ...[
    ...['ps', 'ps -k', 'ps -u', 'ps -G', 'ps -s', 'ps -A', 'ps -H', 'ps -S', 'ps -us', 'ps 1'],
    ...['ps -y fifo,idle', 'ps -l', 'ps -m', 'ps -l -C all', 'ps -m -C 0', 'ps -p 1', 'ps -c 1'],
    ...['ps -c 2', 'ps -g 1', 'ps -t 1', 'ps -r 1', 'ps -a 1', "ps 'kwork.*'", 'ps sleep'],
  ].map((line) => sameAsCrash(line, { ours: NO_RUN_TIME, theirs: NO_RUN_TIME })),
  drgnClaim(
    'ps -Y',
    'result = {str(t.pid.value_()): t.prio.value_() for t in for_each_task(prog) if t.pid}',
    ({ rows }, priorities) => {
      const ours = rows.filter(({ pid }) => pid !== 0).map(({ pid, prio }) => [`${pid}`, prio])
      assert.deepEqual(Object.fromEntries(ours), priorities)
    },
  ),
])
