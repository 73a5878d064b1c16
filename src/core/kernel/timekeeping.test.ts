// One moment in the four places kernels kept it.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { buildKernel, type KernelRecipe } from '../../../test/support/kernel_recipe.ts'
import { coarseBoottimeNsec, coarseRealtimeNsec } from './timekeeping.ts'

const COMMON = `
  struct timespec64 { long tv_sec; long tv_nsec; };
  typedef struct { unsigned int sequence; } seqcount_raw_spinlock_t;
  struct tk_read_base { unsigned int shift; unsigned long long xtime_nsec; };`
const TIMEKEEPER = `${COMMON}
  struct timekeeper { struct tk_read_base tkr_mono; unsigned long long xtime_sec; struct timespec64 wall_to_monotonic;
    long long offs_boot; };`
const COARSE = `${COMMON}
  struct timekeeper { struct tk_read_base tkr_mono; unsigned long long xtime_sec; struct timespec64 wall_to_monotonic;
    long long offs_boot; unsigned int coarse_nsec; };`
const TK_DATA =
  'struct tk_data { seqcount_raw_spinlock_t seq; struct timekeeper timekeeper; struct timekeeper shadow_timekeeper; };'

/** 2026-11-22 23:08:20.25, 21.5 s after boot and 10 s of sleep. */
const NOW = {
  xtime_sec: 1_795_388_900,
  tkr_mono: { shift: 8, xtime_nsec: 250_000_000 * 256 },
  wall_to_monotonic: { tv_sec: -1_795_388_879, tv_nsec: 250_000_000 },
  offs_boot: 10_000_000_000,
}

const KERNELS: Readonly<Record<string, KernelRecipe>> = {
  'timekeeper, before v3.17': {
    types: TIMEKEEPER,
    variables: { timekeeper: ['struct timekeeper', NOW] },
  },
  'tk_core without a name, v3.17 to v6.12': {
    // What BTF does not name: struct { seqcount_t seq; struct timekeeper timekeeper; }.
    types: `${TIMEKEEPER} struct anonymous { seqcount_raw_spinlock_t seq; struct timekeeper timekeeper; };`,
    variables: { tk_core: ['struct anonymous', { timekeeper: NOW }] },
  },
  'tk_core as tk_data, v6.13 to v6.16': {
    types: TIMEKEEPER + TK_DATA,
    variables: { tk_core: ['struct tk_data', { timekeeper: NOW }] },
  },
  'timekeeper_data, since v6.17': {
    types: COARSE + TK_DATA,
    variables: {
      timekeeper_data: [
        'struct tk_data [2]',
        [
          {
            timekeeper: { ...NOW, tkr_mono: { shift: 8, xtime_nsec: 1 }, coarse_nsec: 250_000_000 },
          },
        ],
      ],
    },
  },
}

for (const [name, recipe] of Object.entries(KERNELS)) {
  test(`the last tick's time is found (${name})`, () => {
    const { program } = buildKernel(recipe)
    assert.equal(coarseRealtimeNsec(program), 1_795_388_900_250_000_000n)
    assert.equal(coarseBoottimeNsec(program), 31_500_000_000n)
  })
}

test('a kernel that keeps it elsewhere says so', () => {
  const { program } = buildKernel({ types: TIMEKEEPER })
  assert.throws(() => coarseRealtimeNsec(program), { code: 'ERR_NOT_FOUND' })
})
