// The diagnosis rules; the order has no meaning.
import type { Rule } from './rule.ts'
import { bug } from './rules/bug.ts'
import { doubleFree } from './rules/double_free.ts'
import { hardLockup } from './rules/hard_lockup.ts'
import { hardwareError } from './rules/hardware_error.ts'
import { hungTask } from './rules/hung_task.ts'
import { initDied } from './rules/init_died.ts'
import { listCorruption } from './rules/list_corruption.ts'
import { machineCheck } from './rules/machine_check.ts'
import { memoryPressure } from './rules/memory_pressure.ts'
import { nmi } from './rules/nmi.ts'
import { noRoot } from './rules/no_root.ts'
import { outOfMemory } from './rules/out_of_memory.ts'
import { panicContext } from './rules/panic_context.ts'
import { rcuStall } from './rules/rcu_stall.ts'
import { resourceLimits } from './rules/resource_limits.ts'
import { slabCorruption } from './rules/slab_corruption.ts'
import { softLockup } from './rules/soft_lockup.ts'
import { spinDeadlock } from './rules/spin_deadlock.ts'
import { sysrq } from './rules/sysrq.ts'
import { warning } from './rules/warning.ts'
import { watchdogDevice } from './rules/watchdog_device.ts'
import { workqueueLockup } from './rules/workqueue_lockup.ts'

/** Every rule there is. */
export const RULES: readonly Rule[] = [
  bug,
  doubleFree,
  hardLockup,
  hardwareError,
  hungTask,
  initDied,
  listCorruption,
  machineCheck,
  memoryPressure,
  nmi,
  noRoot,
  outOfMemory,
  panicContext,
  rcuStall,
  resourceLimits,
  slabCorruption,
  softLockup,
  spinDeadlock,
  sysrq,
  warning,
  watchdogDevice,
  workqueueLockup,
]
