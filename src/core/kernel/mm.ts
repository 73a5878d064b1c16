// A process's memory: its areas, what of it is resident, its bytes. Source: include/linux/mm_types.h, include/linux/mm.h.
import { CorruptError } from '../base/errors.ts'
import type { KObject } from '../program/kobject.ts'
import { forEachNode } from './list.ts'
import { mtForEach, mtLoad } from './maple_tree.ts'
import { percpuCounterReadPositive, percpuCounterSum } from './percpu_counter.ts'
import { rbFind } from './rbtree.ts'
import { forEachThread, isKthread, type Task } from './sched.ts'

export type Mm = KObject<'mm_struct'>
export type Vma = KObject<'vm_area_struct'>

/** MM_FILEPAGES, MM_ANONPAGES, MM_SHMEMPAGES. @source include/linux/mm_types_task.h, so since v4.5 */
const RSS_COUNTERS = [0, 1, 3]
const MM_ANONPAGES = 1
const MM_SWAPENTS = 2

/** Bytes read at once from a process. */
const USER_READ_MAX = 16 * 1024 * 1024

/** The address space of a user task; undefined for kernel threads (even one that borrows an mm) and dead tasks. */
export function taskMm(task: Task): Mm | undefined {
  if (isKthread(task)) return undefined
  const mm = task.get('mm')
  return mm.isNull() ? undefined : mm.deref()
}

/**
 * Walk the areas of an address space, ascending.
 *
 * @throws {CorruptError} after the good areas, if the tree or list is damaged
 * @source include/linux/mm.h for_each_vma()
 */
export function* forEachVma(mm: Mm): Generator<Vma> {
  const { program } = mm
  // Since v6.1, commit d4af56c5c7c6 ("mm: start tracking VMAs with maple tree"), areas are in mm_mt.
  if (mm.has('mm_mt')) {
    for (const { entry } of mtForEach(mm.get('mm_mt')))
      yield program.objectAt('struct vm_area_struct', entry)
    return
  }
  const next = BigInt(program.offsetof('struct vm_area_struct', 'vm_next'))
  const read = (vma: bigint): bigint => program.memory.u64(vma + next)
  for (const vma of forEachNode(read, mm.pointer('mmap'), (at) => at === 0n)) {
    yield program.objectAt('struct vm_area_struct', vma)
  }
}

/** The area that holds a user address, or undefined. @source include/linux/mm.h vma_lookup() */
export function vmaLookup(mm: Mm, address: bigint): Vma | undefined {
  const { program } = mm
  if (mm.has('mm_mt')) {
    const found = mtLoad(mm.get('mm_mt'), address)
    return found && program.objectAt('struct vm_area_struct', found.entry)
  }
  return rbFind(mm.get('mm_rb'), 'struct vm_area_struct', 'vm_rb', (vma) => {
    if (address < vma.bigint('vm_start')) return -1
    return address >= vma.bigint('vm_end') ? 1 : 0
  })
}

/** `vma->vm_flags`. */
export function vmaFlags(vma: Vma): bigint {
  return vma.bigint('vm_flags')
}

/** Virtual size in pages (`mm.total_vm`). */
export function mmTotalVm(mm: Mm): number {
  return mm.number('total_vm')
}

/**
 * Resident pages of an address space: file, anonymous and shared memory.
 *
 * Up to v6.1 each thread keeps a few pages it has not added yet; `taskRss()` adds them.
 *
 * @returns pages; a sum that races below zero is 0, as in /proc
 * @source include/linux/mm.h get_mm_rss()
 */
export function mmRss(mm: Mm): number {
  return rssSum(mm.get('rss_stat'), RSS_COUNTERS, percpuCounterSum)
}

/** Resident pages of an address space. */
export interface MmResident {
  readonly pages: number
  /** Of them anonymous: the process's own. */
  readonly anonymousPages: number
}

/**
 * Count resident pages without what CPUs hold back, up to a few hundred each: quick, for sorting many by it.
 *
 * @source include/linux/mm.h get_mm_counter()
 */
export function mmResident(mm: Mm): MmResident {
  const stat = mm.get('rss_stat').snapshot()
  return {
    pages: rssSum(stat, RSS_COUNTERS, percpuCounterReadPositive),
    anonymousPages: rssSum(stat, [MM_ANONPAGES], percpuCounterReadPositive),
  }
}

/** Pages of an address space that are in swap. */
export function mmSwap(mm: Mm): number {
  return rssSum(mm.get('rss_stat'), [MM_SWAPENTS], percpuCounterSum)
}

function rssSum(
  stat: KObject,
  indexes: readonly number[],
  valueOf: (counter: KObject) => bigint,
): number {
  const pages = indexes.reduce((sum, index) => sum + rssCount(stat, index, valueOf), 0)
  return Math.max(0, pages)
}

/** One of the counts of an mm, as it stands: below zero where threads or CPUs hold back more than it has. */
function rssCount(stat: KObject, index: number, valueOf: (counter: KObject) => bigint): number {
  // Since v6.2, commit f1a7941243c1 ("mm: convert mm's rss stats into percpu_counter"), an array of percpu_counter;
  // before, struct mm_rss_stat with atomic counts.
  const count = stat.has('count')
    ? stat.get('count').at(index).bigint('counter')
    : valueOf(stat.at(index))
  return Number(count)
}

/**
 * Resident pages of a task's address space, what its threads have not added yet included. crash takes counts below zero for
 * 0 before it adds what threads hold back, and is too high then: who maps files and has not added them yet, has a count
 * below zero as soon as some of their pages are reclaimed.
 *
 * @returns 0 for a kernel thread
 * @source include/linux/mm.h get_mm_rss(), mm/memory.c sync_mm_rss()
 */
export function taskRss(task: Task): number {
  const mm = taskMm(task)
  if (!mm) return 0
  // struct task_rss_stat went with v6.2, commit f1a7941243c1.
  const threads = task.has('rss_stat.count')
    ? [...forEachThread(task.get('group_leader').deref())]
    : []
  const stat = mm.get('rss_stat')
  return RSS_COUNTERS.reduce((sum, index) => {
    const held = threads.map((thread) => thread.get('rss_stat.count').at(index).number())
    const pages = held.reduce((all, pages) => all + pages, rssCount(stat, index, percpuCounterSum))
    return sum + Math.max(0, pages)
  }, 0)
}

/**
 * Read memory of a process.
 *
 * @param address user virtual address
 * @throws {FaultError} at the first byte that is not in memory, or not in the dump (user pages often are excluded)
 */
export function readUserMemory(mm: Mm, address: bigint, size: number): Uint8Array {
  if (!(size >= 0 && size <= USER_READ_MAX))
    throw new CorruptError(address, `user memory of ${size} bytes`)
  const { memory } = mm.program
  const bytes = new Uint8Array(size)
  memory.readWithRoot(memory.toPhysical(mm.pointer('pgd')), address, bytes)
  return bytes
}

/** Arguments of a process, as execve() got them. @source fs/proc/base.c get_mm_cmdline() */
export function mmArguments(mm: Mm): string[] {
  return readStrings(mm, mm.bigint('arg_start'), mm.bigint('arg_end'))
}

/** Environment of a process at execve(). @source fs/proc/base.c environ_read() */
export function mmEnvironment(mm: Mm): string[] {
  return readStrings(mm, mm.bigint('env_start'), mm.bigint('env_end'))
}

function readStrings(mm: Mm, start: bigint, end: bigint): string[] {
  if (end <= start) return []
  const text = new TextDecoder().decode(readUserMemory(mm, start, Number(end - start)))
  return text.replace(/\0$/, '').split('\0')
}
