// The diagnosis rules; the order has no meaning.
import type { Rule } from './rule.ts'
import { atomicSleep } from './rules/atomic_sleep.ts'
import { bug } from './rules/bug.ts'
import { doubleFree } from './rules/double_free.ts'
import { filesystemPanic } from './rules/filesystem_panic.ts'
import { listCorruption } from './rules/list_corruption.ts'
import { lockMisuse } from './rules/lock_misuse.ts'
import { panicCall } from './rules/panic_call.ts'
import { refcount } from './rules/refcount.ts'
import { slabCorruption } from './rules/slab_corruption.ts'
import { stackCorruption } from './rules/stack_corruption.ts'
import { stackOverflow } from './rules/stack_overflow.ts'
import { warning } from './rules/warning.ts'

/** Every rule there is. */
export const RULES: readonly Rule[] = [
  atomicSleep,
  bug,
  doubleFree,
  filesystemPanic,
  listCorruption,
  lockMisuse,
  panicCall,
  refcount,
  slabCorruption,
  stackCorruption,
  stackOverflow,
  warning,
]
