// mach: the machine.
import assert from 'node:assert/strict'
import { perCpu } from '../../../src/core/kernel/percpu.ts'
import { defineClaims, guestClaim, recipeClaim, sameAsCrash, without } from './claim.ts'
import { sameAsGdb } from './gdb_text.ts'

/** crash guesses 1000 on kernels since v6.13 (and where that was taken over): it looks at a struct that moved. */
const NO_HZ = without(/^ *HZ: /)

export const mach = defineClaims([
  sameAsCrash(
    'mach',
    { ours: NO_HZ, theirs: NO_HZ },
    { except: { '6.1': 'crash takes the stack of machine checks for one of 0 bytes' } },
  ),
  recipeClaim(
    'mach',
    'crash misjudges HZ; two of its neighbours tell it, too',
    ({ blocks, program }) => {
      const hz = blocks[0]?.values?.hz
      const khz = program.memory.u32(program.symbol('cpu_khz'))
      const loops = perCpu(program, 'cpu_info', 0, 'struct cpuinfo_x86').number('loops_per_jiffy')
      // A delay loop of one tick, counted in cycles of the clock.
      assert.equal(hz, Math.round((khz * 1000) / loops))
    },
  ),
  sameAsCrash('mach -m'),
  guestClaim('mach -m', ({ rows }, truth) => {
    const ram = rows.filter(({ type }) => type === 'E820_RAM')
    const lines = truth
      .read('iomem')
      .split('\n')
      .filter((line) => /^\S+ : System RAM$/.test(line))
    const ends = lines.map((line) => Number.parseInt(line.split(/[- ]/)[1] ?? '', 16) + 1)
    for (const { end } of ram)
      assert.ok(
        ends.some((known) => Math.abs(known - Number(end)) < 4096),
        `${end}`,
      )
  }),
  ...sameAsGdb(['mach -c', 'mach -c -x', 'mach -cd']),
])
