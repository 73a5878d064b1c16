// The diagnosis rules; the order has no meaning.
import type { Rule } from './rule.ts'
import { blockedRoot } from './rules/blocked_root.ts'
import { bug } from './rules/bug.ts'
import { deadlock } from './rules/deadlock.ts'
import { doubleFree } from './rules/double_free.ts'
import { hardLockup } from './rules/hard_lockup.ts'
import { hardwareError } from './rules/hardware_error.ts'
import { hungTask } from './rules/hung_task.ts'
import { initDied } from './rules/init_died.ts'
import { listCorruption } from './rules/list_corruption.ts'
import { machineCheck } from './rules/machine_check.ts'
import { nmi } from './rules/nmi.ts'
import { noRoot } from './rules/no_root.ts'
import { panicContext } from './rules/panic_context.ts'
import { rcuStall } from './rules/rcu_stall.ts'
import { slabCorruption } from './rules/slab_corruption.ts'
import { softLockup } from './rules/soft_lockup.ts'
import { spinDeadlock } from './rules/spin_deadlock.ts'
import { stuckIo } from './rules/stuck_io.ts'
import { sysrq } from './rules/sysrq.ts'
import { warning } from './rules/warning.ts'
import { watchdogDevice } from './rules/watchdog_device.ts'
import { workqueueLockup } from './rules/workqueue_lockup.ts'

/** Every rule there is. */
export const RULES: readonly Rule[] = [
  blockedRoot,
  bug,
  deadlock,
  doubleFree,
  hardLockup,
  hardwareError,
  hungTask,
  initDied,
  listCorruption,
  machineCheck,
  nmi,
  noRoot,
  panicContext,
  rcuStall,
  slabCorruption,
  softLockup,
  spinDeadlock,
  stuckIo,
  sysrq,
  warning,
  watchdogDevice,
  workqueueLockup,
]
