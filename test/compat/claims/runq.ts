// runq: the queues of a guest that was about to crash; drgn knows those of 7.2, which crash cannot open. crash takes -c
// once a session only: the next time it says "only one -c option allowed".
import assert from 'node:assert/strict'
import { defineClaims, drgnClaim, sameAsCrash } from './claim.ts'

const QUEUED = `
result = {}
for cpu in for_each_online_cpu(prog):
    rq = cpu_rq(prog, cpu)
    running = cpu_curr(prog, cpu).pid.value_()
    result[str(cpu)] = {
        "fair": sorted(t.pid.value_() for t in rq_for_each_fair_task(rq) if t.pid.value_() != running),
        "rt": sorted(t.pid.value_() for t in rq_for_each_rt_task(rq)),
        "current": running,
        "clock": rq.clock.value_(),
        "arrival": cpu_curr(prog, cpu).sched_info.last_arrival.value_(),
        "cfs_rq": hex(rq.cfs.address_of_().value_()),
    }`

const numbers = (values: readonly unknown[]): number[] => values.map(Number).sort((a, b) => a - b)

export const runq = defineClaims([
  ...['runq', 'runq -t', 'runq -T', 'runq -m', 'runq -g', 'runq -c 0'].map((line) =>
    sameAsCrash(line),
  ),
  drgnClaim('runq', QUEUED, ({ rows }, theirs) => {
    for (const [cpu, queue] of Object.entries<Record<string, unknown[]>>(theirs)) {
      const mine = rows.filter((row) => String(row.cpu) === cpu)
      const pids = (name: string): number[] =>
        numbers(
          mine.filter((row) => row.row === 'task' && row.class === name).map(({ pid }) => pid),
        )
      assert.deepEqual(pids('fair'), queue.fair)
      assert.deepEqual(pids('rt'), queue.rt)
      assert.equal(mine.find((row) => row.row === 'current')?.pid, queue.current)
    }
  }),
  drgnClaim('runq -t', QUEUED, ({ rows }, theirs) => {
    for (const row of rows) {
      assert.equal(row.clock_nsec, theirs[row.cpu].clock)
      assert.equal(row.last_arrival_nsec, theirs[row.cpu].arrival)
    }
    assert.equal(rows.length, Object.keys(theirs).length)
  }),
  drgnClaim('runq -T', QUEUED, ({ rows }, theirs) => {
    for (const row of rows) assert.equal(row.clock_nsec, theirs[row.cpu].clock)
    assert.equal(rows[0]?.lag_nsec, 0)
  }),
  drgnClaim('runq -m', QUEUED, ({ rows }, theirs) => {
    for (const row of rows)
      assert.equal(row.elapsed_nsec, theirs[row.cpu].clock - theirs[row.cpu].arrival)
  }),
  drgnClaim('runq -g -c 1', QUEUED, ({ rows }, theirs) => {
    const root = rows.find((row) => row.row === 'queue' && row.class === 'fair')
    assert.equal(root?.address, theirs[1].cfs_rq)
    assert.ok(rows.every(({ cpu }) => cpu === 1))
  }),
])
