// The diagnosis rules; the order has no meaning.
import type { Rule } from './rule.ts'
import { memoryPressure } from './rules/memory_pressure.ts'
import { outOfMemory } from './rules/out_of_memory.ts'
import { resourceLimits } from './rules/resource_limits.ts'

/** Every rule there is. */
export const RULES: readonly Rule[] = [memoryPressure, outOfMemory, resourceLimits]
