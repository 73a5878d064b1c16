// What the guest said of its processes, for those it can be held against: none of their threads has run since.
import assert from 'node:assert/strict'
import { dPath } from '../../../src/core/kernel/dcache.ts'
import { fileInode, filePath, forEachFile } from '../../../src/core/kernel/fs.ts'
import { forEachVma, taskMm } from '../../../src/core/kernel/mm.ts'
import { forEachUserRange } from '../../../src/core/kernel/user_page.ts'
import {
  findTask,
  forEachProcess,
  forEachTask,
  forEachThread,
  taskStateName,
  type Task,
} from '../../../src/core/kernel/sched.ts'
import type { Program } from '../../../src/core/program/program.ts'
import type { GuestTruth } from '../../support/guest_truth.ts'

/** User processes that stand as the guest described them. */
export function settledProcesses(program: Program, truth: GuestTruth): Task[] {
  return [...forEachProcess(program)].filter(
    (leader) =>
      taskMm(leader) && [...forEachThread(leader)].every((task) => isSettled(task, truth)),
  )
}

function isSettled(task: Task, truth: GuestTruth): boolean {
  const status = truth.read(`tasks/${task.number('tgid')}/${task.number('pid')}/status`)
  const switches = [...status.matchAll(/ctxt_switches:\s+(\d+)/g)].map(([, count]) => Number(count))
  const now = task.number('nvcsw') + task.number('nivcsw')
  return (
    switches.length === 2 &&
    (switches[0] as number) + (switches[1] as number) === now &&
    taskStateName(task) !== 'RU'
  )
}

/** A process by its name; dumps differ in PIDs. */
export function pidOf(program: Program, comm: string): number {
  for (const task of forEachTask(program))
    if (task.string('comm') === comm) return task.number('pid')
  throw new Error(`no ${comm} in this dump`)
}

/** The largest process: it has threads, mappings of all kinds, swapped pages. */
export const largePid = (program: Program): number => pidOf(program, 'rehearsal')

/** An open file of a process, chosen by its path. */
export function openFile(
  program: Program,
  comm: string,
  path: RegExp,
): { inode: bigint; dentry: bigint } {
  for (const task of forEachTask(program)) {
    if (task.string('comm') !== comm) continue
    for (const { file } of forEachFile(task)) {
      if (path.test(dPath(filePath(file))))
        return { inode: fileInode(file).address, dentry: filePath(file).pointer('dentry') }
    }
  }
  throw new Error(`no file of ${comm} matches ${path.source}`)
}

/** The first page of a process that is in memory: what was mapped for the start of a program alone may be reclaimed. */
export function presentPage(program: Program, pid: number): bigint {
  const task = findTask(program, pid)
  const mm = task && taskMm(task)
  assert.ok(mm, `no process ${pid}`)
  for (const vma of forEachVma(mm)) {
    const ranges = forEachUserRange(mm, vma.bigint('vm_start'), vma.bigint('vm_end'))
    for (const { start, physical } of ranges) if (physical !== undefined) return start
  }
  throw new Error(`no page of process ${pid} is in memory`)
}

/** An area of a process, by its number from the first. */
export function areaOf(
  program: Program,
  pid: number,
  index: number,
): { vma: bigint; start: bigint } {
  for (const task of forEachTask(program)) {
    const mm = task.number('pid') === pid ? taskMm(task) : undefined
    const vma = mm && [...forEachVma(mm)].at(index)
    if (vma) return { vma: vma.address, start: vma.bigint('vm_start') }
  }
  throw new Error(`no area ${index} of process ${pid}`)
}

/** crash leaves out that a file is deleted, of one that never had a directory the slash, and anon_inode: before a name. */
export const withoutDeleted = (line: string): string =>
  line
    .replace(/(\/(?=memfd:|SYSV|anon_hugepage|\[)([^/]*))? \(deleted\)(?=$| {2}OFFSET)/, '$2')
    .replace(' anon_inode:[', ' [')
