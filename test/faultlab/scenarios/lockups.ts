// CPUs that do not come back.
import type { FaultScenario } from '../scenarios.ts'

const SOFT = { 'kernel.softlockup_panic': 1, 'kernel.watchdog_thresh': 3 }
const spin = (name: string): string => `sh -c 'echo ${name} > /dev/lockstep' &`

/** These scenarios. */
export const LOCKUPS: readonly FaultScenario[] = [
  {
    name: 'soft-lockup',
    run: spin('soft-lockup'),
    sysctls: SOFT,
    expected: { kinds: ['soft-lockup'], functions: ['ring_drain'], module: 'lockstep', words: [] },
  },
  {
    // Without a performance counter nothing in the guest notices; whoever is on watch sends an NMI.
    name: 'hard-lockup',
    run: spin('hard-lockup'),
    sysctls: { 'kernel.unknown_nmi_panic': 1 },
    host: 'nmi',
    hostAfterMs: 12_000,
    expected: {
      kinds: ['hard-lockup', 'nmi'],
      functions: ['fifo_poll_ready'],
      module: 'lockstep',
      words: [],
    },
  },
  {
    name: 'rcu-stall',
    run: `echo 4 > /sys/module/rcupdate/parameters/rcu_cpu_stall_timeout
${spin('rcu-stall')}`,
    sysctls: { 'kernel.panic_on_rcu_stall': 1, 'kernel.watchdog': 0 },
    expected: { kinds: ['rcu-stall'], functions: ['route_lookup'], module: 'lockstep', words: [] },
  },
  {
    name: 'spin-twice',
    run: spin('spin-twice'),
    sysctls: SOFT,
    expected: {
      kinds: ['deadlock', 'soft-lockup'],
      functions: ['stats_reset', 'stats_update'],
      module: 'lockstep',
      words: ['stats_lock'],
    },
  },
  {
    name: 'spin-order',
    run: `${spin('port')}
${spin('link')}`,
    sysctls: SOFT,
    expected: {
      kinds: ['deadlock', 'soft-lockup'],
      functions: ['port_disable', 'link_reset'],
      module: 'lockstep',
      words: [],
    },
  },
  {
    // Dead tasks hang no more: the kernel's watch over them looks away once there was an oops, the one over CPUs does not.
    name: 'oops-then-lockup',
    run: `sh -c 'echo catalog-update > /dev/lockstep'
sleep 0.5
${spin('catalog-read')}`,
    sysctls: { ...SOFT, 'kernel.panic_on_oops': 0 },
    expected: {
      kinds: ['null-dereference'],
      also: ['soft-lockup'],
      functions: ['entry_touch'],
      module: 'lockstep',
      words: ['catalog_lock'],
    },
  },
]
