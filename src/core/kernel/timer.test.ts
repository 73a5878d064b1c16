// A wheel and a clock with a timer each, before and since the layouts of 6.9, 6.18 and 7.1.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { buildKernel, type BuiltKernel } from '../../../test/support/kernel_recipe.ts'
import {
  hrtimerClockForEach,
  hrtimerClockNow,
  hrtimerClocks,
  hrtimerCpuBase,
  hrtimerExpires,
  hrtimerSoftExpires,
  timerBaseForEach,
  timerBases,
} from './timer.ts'

const COMMON = `
  typedef unsigned long long u64; typedef long long ktime_t; typedef unsigned int u32;
  struct hlist_node { struct hlist_node *next, **pprev; };
  struct hlist_head { struct hlist_node *first; };
  struct rb_node { unsigned long __rb_parent_color; struct rb_node *rb_right, *rb_left; };
  struct rb_root { struct rb_node *rb_node; };
  struct rb_root_cached { struct rb_root rb_root; struct rb_node *rb_leftmost; };
  struct timer_list { struct hlist_node entry; unsigned long expires; void *function; };
  struct timer_base { unsigned long clk; struct hlist_head vectors[4]; };
  struct tk_read_base { u64 xtime_nsec; u32 shift; };
  struct timespec64 { long long tv_sec; long tv_nsec; };
  struct timekeeper {
    struct tk_read_base tkr_mono; u64 xtime_sec; struct timespec64 wall_to_monotonic;
  };
  struct tk_data { u64 seq; struct timekeeper timekeeper; };`

const OLD = `${COMMON}
  struct timerqueue_node { struct rb_node node; ktime_t expires; };
  struct timerqueue_head { struct rb_root_cached rb_root; };
  struct hrtimer { struct timerqueue_node node; ktime_t _softexpires; void *function; };
  struct hrtimer_clock_base {
    int clockid; struct timerqueue_head active; void *get_time; ktime_t offset;
  };
  struct hrtimer_cpu_base { struct hrtimer_clock_base clock_base[2]; };
  percpu struct timer_base timer_bases[2];
  percpu struct hrtimer_cpu_base hrtimer_bases;`

const NEW = `${COMMON}
  struct rb_node_linked { struct rb_node node; struct rb_node_linked *prev, *next; };
  struct rb_root_linked { struct rb_root rb_root; struct rb_node_linked *rb_leftmost; };
  struct timerqueue_linked_node { struct rb_node_linked node; ktime_t expires; };
  struct timerqueue_linked_head { struct rb_root_linked rb_root; };
  struct hrtimer { struct timerqueue_linked_node node; ktime_t _softexpires; void *function; };
  struct hrtimer_clock_base {
    int clockid; struct timerqueue_linked_head active; ktime_t offset;
  };
  struct hrtimer_cpu_base { struct hrtimer_clock_base clock_base[2]; };
  percpu struct timer_base timer_bases[3];
  percpu struct hrtimer_cpu_base hrtimer_bases;`

function build(types: string): BuiltKernel {
  const isOld = types === OLD
  const root = { rb_root: { rb_root: { rb_node: '&high.node' } } }
  const node = isOld
    ? { node: { __rb_parent_color: 1 }, expires: 500 }
    : { node: { node: { __rb_parent_color: 1 } }, expires: 500 }
  return buildKernel({
    types,
    functions: { ktime_get: 16, ktime_get_real: 16, work: 16 },
    variables: {
      tk_core: [
        'struct tk_data',
        {
          timekeeper: {
            xtime_sec: 10,
            tkr_mono: { xtime_nsec: 80, shift: 3 },
            wall_to_monotonic: { tv_sec: -10, tv_nsec: 90 },
          },
        },
      ],
    },
    objects: {
      low: ['struct timer_list', { expires: 42, function: '&work' }],
      high: ['struct hrtimer', { node, _softexpires: 450, function: '&work' }],
    },
    cpus: [
      {
        timer_bases: [{ vectors: [{ first: 0 }, { first: '&low.entry' }] }],
        hrtimer_bases: {
          clock_base: [
            { clockid: 1, active: root, ...(isOld ? { get_time: '&ktime_get' } : {}) },
            { clockid: 0, offset: 1000, ...(isOld ? { get_time: '&ktime_get_real' } : {}) },
          ],
        },
      },
    ],
  })
}

for (const [name, types, wheels] of [
  ['two wheels', OLD, ['BASE_STD', 'BASE_DEF']],
  ['three wheels', NEW, ['BASE_LOCAL', 'BASE_GLOBAL', 'BASE_DEF']],
] as const) {
  test(`timers of ${name} are found under the names of the kernel`, () => {
    const { program, addressOf } = build(types)
    const bases = timerBases(program, 0)
    assert.deepEqual(
      bases.map((base) => base.name),
      wheels,
    )
    const found = bases.map(({ base }) =>
      Array.from(timerBaseForEach(base), ({ address }) => address),
    )
    assert.deepEqual(found.flat(), [addressOf('low')])
    assert.equal(found[0]?.length, 1)
  })

  test(`high-resolution timers are found beside ${name}`, () => {
    const { program } = build(types)
    const clocks = hrtimerClocks(hrtimerCpuBase(program, 0))
    assert.deepEqual(
      clocks.map(({ clock }) => clock),
      ['ktime_get', 'ktime_get_real'],
    )
    const [monotonic, real] = clocks.map(({ base }) => base)
    assert.ok(monotonic && real)
    const [timer] = hrtimerClockForEach(monotonic)
    assert.ok(timer)
    assert.deepEqual([hrtimerSoftExpires(timer), hrtimerExpires(timer)], [450n, 500n])
    assert.deepEqual([...hrtimerClockForEach(real)], [])
    assert.equal(hrtimerClockNow(monotonic), 100n)
    assert.equal(hrtimerClockNow(real), 1100n)
  })
}
