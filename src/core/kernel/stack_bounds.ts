// Where a task's kernel stack lies. `union thread_union` is not in BTF, so its size comes from the allocation.
import type { Program } from '../program/program.ts'
import type { Task } from './sched.ts'

/** THREAD_SIZE of x86-64 and arm64 without KASAN. */
const THREAD_SIZE_DEFAULT = 16_384
const THREAD_SIZE_MAX = 131_072

/** Where a stack lies. */
export interface StackBounds {
  readonly start: bigint
  /** Exclusive. */
  readonly end: bigint
}

/** The task's own stack, from its far end to its base. @source include/linux/sched/task_stack.h task_stack_page() */
export function kernelStack(task: Task): StackBounds {
  const start = task.pointer('stack')
  return { start, end: BigInt.asUintN(64, start + BigInt(threadSize(task.program, task))) }
}

/**
 * THREAD_SIZE in bytes.
 *
 * With CONFIG_VMAP_STACK the stack's vmalloc area says it; the area has a guard page that nr_pages excludes.
 */
function threadSize(program: Program, task: Task): number {
  const area = task.find('stack_vm_area')
  if (!area || area.isNull()) return THREAD_SIZE_DEFAULT
  const size = area.number('nr_pages') * program.memory.pageSize
  return size > 0 && size <= THREAD_SIZE_MAX ? size : THREAD_SIZE_DEFAULT
}
