// timer: wheels and high-resolution timers. crash counts TTE of the latter from jiffies, which run behind the clocks by
// the time before the first tick (6.1) or worse (6.12: minutes); drgn and kbox count from the timekeeper.
import assert from 'node:assert/strict'
import { crashClaim, defineClaims, drgnClaim, guestClaim, sameAsCrash } from './claim.ts'

const WHEELS = `
result = []
jiffies = prog["jiffies"].value_()
for cpu in for_each_online_cpu(prog):
    for name, base in zip(timer_base_names(prog), per_cpu(prog["timer_bases"], cpu)):
        for timer in timer_base_for_each(base.address_of_()):
            expires = timer.expires.value_()
            result.append([cpu, name, expires, expires - jiffies, hex(timer.value_()), hex(timer.function.value_())])
result.sort()`

const CLOCKS = `
result = []
now = ktime_get_coarse_ns(prog).value_()
for cpu in for_each_online_cpu(prog):
    for base in per_cpu(prog["hrtimer_bases"], cpu).clock_base:
        current = now + base.offset.value_()
        for timer in hrtimer_clock_base_for_each(base.address_of_()):
            expires = timer.node.expires.value_()
            result.append([cpu, base.index.value_(), timer._softexpires.value_(), expires, expires - current, hex(timer.value_()), hex(timer.function.value_())])
result.sort()`

const sortedRows = (rows: readonly (readonly unknown[])[]): string[] =>
  rows.map((row) => row.join(' ')).sort()

/** Soft expiry, expiry, address and function of each timer below the heading of its clock. */
const withoutTimes = (lines: readonly string[]): string[] =>
  lines
    .filter((line) => !/CURRENT|SOFTEXPIRES|^ +\d+$/.test(line))
    .map((line) =>
      line
        .trim()
        .replace(/^(\d+ +\d+) +-?\d+ +/, '$1 ')
        .replace(/ +/g, ' '),
    )

const MISNAMED = {
  '6.12':
    'crash calls the three wheels of v6.9 and later by the names of two, and leaves out the third',
}

export const timer = defineClaims([
  sameAsCrash('timer', {}, { except: MISNAMED }),
  sameAsCrash('timer -C 1', {}, { except: MISNAMED }),
  ...['timer -r', 'timer -r -C 0', 'timer -r -C 0,1'].map((line) =>
    crashClaim(line, ({ lines }, theirs) =>
      assert.deepEqual(withoutTimes(lines), withoutTimes(theirs)),
    ),
  ),
  drgnClaim('timer', WHEELS, ({ rows }, theirs) => {
    const ours = rows.filter((row) => 'wheel' in row)
    assert.ok(ours.length > 20)
    assert.deepEqual(
      sortedRows(
        ours.map((row) => [row.cpu, row.wheel, row.expires, row.tte, row.timer, row.function]),
      ),
      sortedRows(theirs),
    )
  }),
  drgnClaim('timer -r', CLOCKS, ({ rows }, theirs) => {
    assert.ok(rows.length > 10)
    assert.deepEqual(
      sortedRows(
        rows.map((row) => [
          ...[row.cpu, row.clock, row.softexpires, row.expires],
          ...[row.tte, row.timer, row.function],
        ]),
      ),
      sortedRows(theirs),
    )
  }),
  guestClaim('timer -r', ({ rows }, truth) => {
    // Sleeps of more than a day were asleep when /proc/timer_list was read, and are still.
    const lasting = [...truth.read('timer_list').matchAll(/expires at (\d{15})-(\d{15}) nsecs/g)]
    assert.ok(lasting.length > 5)
    for (const [, soft, hard] of lasting)
      assert.ok(
        rows.some((row) => `${row.softexpires}` === soft && `${row.expires}` === hard),
        `${soft}-${hard}`,
      )
  }),
])
