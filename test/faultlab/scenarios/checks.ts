// What the kernel's own checks find, and oopses that are not the last.
import type { FaultScenario } from '../scenarios.ts'
import { sensorhub } from './sensorhub.ts'

/** These scenarios. */
export const CHECKS: readonly FaultScenario[] = [
  sensorhub('list-corruption', ['list-corruption'], ['session_unlink']),
  sensorhub('list-poison', ['list-corruption', 'use-after-free'], ['session_sum_bytes']),
  // The kernel's own complaint is jumped to from session_put(), so that only its caller is on the stack.
  sensorhub('refcount', ['refcount'], ['session_put', 'session_abort'], {
    sysctls: { 'kernel.panic_on_warn': 1 },
  }),
  sensorhub('bug', ['bug'], ['hub_start'], { words: ['session.c'] }),
  sensorhub('warning', ['warning'], ['hub_check_limit'], {
    sysctls: { 'kernel.panic_on_warn': 1 },
    words: ['session.c'],
  }),
  sensorhub('panic', ['panic'], ['hub_self_test']),
  sensorhub('atomic-sleep', ['atomic-sleep'], ['hub_wait_settled', 'hub_flush'], {
    sysctls: { 'kernel.panic_on_warn': 1 },
  }),
  sensorhub('divide', ['divide-error'], ['channel_interval']),
  sensorhub('oops-then-oops', ['null-dereference'], ['meter_sample'], {
    sysctls: { 'kernel.panic_on_oops': 0 },
    run: `sh -c 'echo first-oops > /dev/sensorhub'
sysctl -w kernel.panic_on_oops=1
sh -c 'echo second-oops > /dev/sensorhub' &`,
  }),
]
