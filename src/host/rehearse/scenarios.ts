// The registry of scenarios; the first is the default.
import type { Scenario } from './scenario.ts'
import { sysrq } from './scenarios/sysrq.ts'

/** All ways to die. */
export const SCENARIOS: readonly Scenario[] = [sysrq]
