// What user memory is called: files and areas of a process, and whose an mm is.
import { KdumpError } from '../base/errors.ts'
import type { Program } from '../program/program.ts'
import { dPath } from './dcache.ts'
import { filePath } from './fs.ts'
import { taskMm, type Mm, type Vma } from './mm.ts'
import { forEachProcess, type Task } from './sched.ts'

/** What is mapped: a file's path, `[heap]`, `[stack]`, `[anonymous]`. @source fs/proc/task_mmu.c show_map_vma() */
export function vmaText(mm: Mm, vma: Vma): string {
  const file = vma.get('vm_file')
  if (!file.isNull()) return dPath(filePath(file.deref()))
  const start = vma.bigint('vm_start')
  const end = vma.bigint('vm_end')
  const holds = (member: string): boolean => {
    const at = mm.bigint(member)
    return at >= start && at < end
  }
  if (start <= mm.bigint('brk') && end >= mm.bigint('start_brk')) return '[heap]'
  if (holds('start_stack')) return '[stack]'
  if (mm.has('context.vdso') && holds('context.vdso')) return '[vdso]'
  return '[anonymous]'
}

/** The process whose memory an mm is; undefined if none is left. */
export function mmOwner(program: Program, mm: bigint): Task | undefined {
  try {
    for (const task of forEachProcess(program)) if (taskMm(task)?.address === mm) return task
  } catch (error) {
    // A broken list hides what comes later.
    if (!(error instanceof KdumpError)) throw error
  }
  return undefined
}

/** `PID 1 "init"`; '' for an mm of nobody. */
export function mmOwnerText(program: Program, mm: bigint): string {
  const owner = mmOwner(program, mm)
  return owner ? `PID ${owner.number('pid')} "${owner.string('comm')}"` : ''
}
