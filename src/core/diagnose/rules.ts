// The diagnosis rules; the order has no meaning.
import type { Rule } from './rule.ts'
import { bug } from './rules/bug.ts'
import { doubleFree } from './rules/double_free.ts'
import { listCorruption } from './rules/list_corruption.ts'
import { slabCorruption } from './rules/slab_corruption.ts'
import { warning } from './rules/warning.ts'

/** Every rule there is. */
export const RULES: readonly Rule[] = [bug, doubleFree, listCorruption, slabCorruption, warning]
