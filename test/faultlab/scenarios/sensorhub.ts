// A scenario of the driver sensorhub: its name written to the device.
import type { CrashKind } from '../../../src/core/diagnose/crash_kind.ts'
import type { FaultExpectation, FaultScenario } from '../scenarios.ts'

/** Make one: what is written is the scenario's name. */
export function sensorhub(
  name: string,
  kinds: readonly CrashKind[],
  functions: readonly string[],
  more: Partial<FaultExpectation & Pick<FaultScenario, 'sysctls' | 'run'>> = {},
): FaultScenario {
  const { sysctls = {}, words = [], module = 'sensorhub' } = more
  return {
    name,
    run: more.run ?? `sh -c 'echo ${name} > /dev/sensorhub' &`,
    sysctls,
    expected: { kinds, functions, module, words },
  }
}
