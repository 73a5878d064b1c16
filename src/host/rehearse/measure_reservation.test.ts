// The search with made-up needs: what is found, and how many tries it takes. Real kernels: test/vm/estimate.test.ts.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { MEASURE_BOUNDS, measureReservation, type ReservationTrial } from './measure_reservation.ts'

/** A kernel that needs so much. */
const needing =
  (needMb: number) =>
  async (megabytes: number): Promise<ReservationTrial> => {
    const ok = megabytes >= needMb
    return {
      ...{ megabytes, ok, memAvailableMinBytes: null, ms: 1 },
      ...{ failedStep: ok ? '' : 'crash', error: ok ? '' : 'out of memory' },
    }
  }

test('the minimum by need, and the sizes tried', async () => {
  const cases = [
    [130, 136, [192, 120, 152, 136, 128]],
    [192, 192, [192, 120, 152, 168, 176, 184]],
    [193, 200, [192, 288, 240, 216, 200]],
    [10, 64, [192, 120, 88, 72, 64]],
    [1000, 1000, [192, 288, 432, 648, 976, 1024, 1000, 984, 992]],
    [1025, null, [192, 288, 432, 648, 976, 1024]],
  ] as const
  for (const [needMb, minimumMb, tried] of cases) {
    const found = await measureReservation(needing(needMb))
    assert.deepEqual(
      [found.minimumMb, found.trials.map(({ megabytes }) => megabytes)],
      [minimumMb, tried],
      String(needMb),
    )
  }
})

test('what is found works, a step less does not, and no size is tried twice', async () => {
  const { floorMb, ceilingMb, stepMb } = MEASURE_BOUNDS
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 1024 }),
      fc.integer({ min: 64, max: 1024 }),
      async (needMb, startMb) => {
        const found = await measureReservation(needing(needMb), { ...MEASURE_BOUNDS, startMb })
        const least = Math.max(floorMb, Math.ceil(needMb / stepMb) * stepMb)
        assert.equal(found.minimumMb, least <= ceilingMb ? least : null)
        const tried = found.trials.map(({ megabytes }) => megabytes)
        assert.equal(new Set(tried).size, tried.length)
        assert.ok(tried.every((size) => size % stepMb === 0 && size <= ceilingMb))
      },
    ),
  )
})
