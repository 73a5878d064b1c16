// The diagnosis rules; the order has no meaning.
import type { Rule } from './rule.ts'
import { atomicSleep } from './rules/atomic_sleep.ts'
import { badAddress } from './rules/bad_address.ts'
import { bitFlip } from './rules/bit_flip.ts'
import { blockedRoot } from './rules/blocked_root.ts'
import { bug } from './rules/bug.ts'
import { deadlock } from './rules/deadlock.ts'
import { divideError } from './rules/divide_error.ts'
import { doubleFree } from './rules/double_free.ts'
import { errorPointer } from './rules/error_pointer.ts'
import { filesystemPanic } from './rules/filesystem_panic.ts'
import { generalProtection } from './rules/general_protection.ts'
import { hardLockup } from './rules/hard_lockup.ts'
import { hardwareError } from './rules/hardware_error.ts'
import { hungTask } from './rules/hung_task.ts'
import { initDied } from './rules/init_died.ts'
import { invalidOpcode } from './rules/invalid_opcode.ts'
import { listCorruption } from './rules/list_corruption.ts'
import { lockMisuse } from './rules/lock_misuse.ts'
import { machineCheck } from './rules/machine_check.ts'
import { nmi } from './rules/nmi.ts'
import { noExecute } from './rules/no_execute.ts'
import { noRoot } from './rules/no_root.ts'
import { nullCall } from './rules/null_call.ts'
import { nullDereference } from './rules/null_dereference.ts'
import { panicCall } from './rules/panic_call.ts'
import { panicContext } from './rules/panic_context.ts'
import { rcuStall } from './rules/rcu_stall.ts'
import { refcount } from './rules/refcount.ts'
import { sanitizer } from './rules/sanitizer.ts'
import { slabCorruption } from './rules/slab_corruption.ts'
import { slabFreelist } from './rules/slab_freelist.ts'
import { softLockup } from './rules/soft_lockup.ts'
import { spinDeadlock } from './rules/spin_deadlock.ts'
import { stackCorruption } from './rules/stack_corruption.ts'
import { stackOverflow } from './rules/stack_overflow.ts'
import { stuckIo } from './rules/stuck_io.ts'
import { sysrq } from './rules/sysrq.ts'
import { tellingPointer } from './rules/telling_pointer.ts'
import { useAfterFree } from './rules/use_after_free.ts'
import { userAccess } from './rules/user_access.ts'
import { warning } from './rules/warning.ts'
import { watchdogDevice } from './rules/watchdog_device.ts'
import { workqueueLockup } from './rules/workqueue_lockup.ts'
import { writeProtected } from './rules/write_protected.ts'

/** Every rule there is. */
export const RULES: readonly Rule[] = [
  atomicSleep,
  badAddress,
  bitFlip,
  blockedRoot,
  bug,
  deadlock,
  divideError,
  doubleFree,
  errorPointer,
  filesystemPanic,
  generalProtection,
  hardLockup,
  hardwareError,
  hungTask,
  initDied,
  invalidOpcode,
  listCorruption,
  lockMisuse,
  machineCheck,
  nmi,
  noExecute,
  noRoot,
  nullCall,
  nullDereference,
  panicCall,
  panicContext,
  rcuStall,
  refcount,
  sanitizer,
  slabCorruption,
  slabFreelist,
  softLockup,
  spinDeadlock,
  stackCorruption,
  stackOverflow,
  stuckIo,
  sysrq,
  tellingPointer,
  useAfterFree,
  userAccess,
  warning,
  watchdogDevice,
  workqueueLockup,
  writeProtected,
]
