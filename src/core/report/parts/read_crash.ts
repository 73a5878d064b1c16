// What ended the machine, by the kernel's own words and registers.
import { attempt } from '../../base/errors.ts'
import { formatHex } from '../../base/hex.ts'
import { CRASH_KIND_TITLES } from '../../diagnose/crash_kind.ts'
import type { Fault } from '../../diagnose/fault.ts'
import type { Scene } from '../../diagnose/scene.ts'
import { dPath } from '../../kernel/dcache.ts'
import { fileInode, filePath, forEachFile, inodeType } from '../../kernel/fs.ts'
import { mmArguments, taskMm } from '../../kernel/mm.ts'
import { panicMessage } from '../../kernel/panic.ts'
import { isKthread, type Task } from '../../kernel/sched.ts'
import type { ReportCrash, ReportFault, ReportTask } from '../model/crash_model.ts'
import type { ReportFile } from '../model/task_model.ts'
import { readCode } from './read_code.ts'
import { textOrFault } from './text_or_fault.ts'
import type { PartReader } from './part_reader.ts'

const EARLIER_MAX = 10
const FAULTS_MAX = 10

/** Read who died, where, and with which last words. */
export function readCrash(scene: Scene, reader: PartReader): ReportCrash {
  const { kind, evidence, earlier } = scene.words
  const message = reader.quiet('panic message', () => panicMessage(scene.program)) ?? ''
  const task = scene.panicTask
  return {
    kind,
    title: CRASH_KIND_TITLES[kind],
    message,
    evidence: evidence === message ? '' : evidence,
    earlier: earlier.slice(0, EARLIER_MAX),
    cpu: scene.panicCpu ?? null,
    task: task ? reader.quiet('panic task', () => readTask(task)) : null,
  }
}

function readTask(task: Task): ReportTask {
  return {
    pid: task.number('pid'),
    comm: task.string('comm'),
    address: formatHex(task.address),
    kernelThread: isKthread(task),
    // User pages are mostly left out of dumps: no problem worth a line.
    arguments: attempt(() => readArguments(task)) ?? null,
  }
}

function readArguments(task: Task): string[] | null {
  const mm = taskMm(task)
  return mm ? mmArguments(mm) : null
}

/** Read the faults, the last ones if they are many. */
export function readReportFaults(scene: Scene): {
  readonly first: number
  readonly faults: ReportFault[]
} {
  const first = Math.max(0, scene.faults.length - FAULTS_MAX)
  return { first, faults: scene.faults.slice(first).map((fault) => readFault(scene, fault)) }
}

function readFault(scene: Scene, fault: Fault): ReportFault {
  const [frame] = fault.frames
  return {
    fatal: fault.isFatal,
    line: fault.trouble?.line ?? '',
    ip: fault.ip === undefined ? null : formatHex(fault.ip),
    function: frame?.name ?? null,
    offset: frame?.offset ?? null,
    module: frame?.module ?? '',
    registers: Object.fromEntries(
      Object.entries(fault.registers).map(([name, value]) => [name, formatHex(value)]),
    ),
    code: fault.ip === undefined ? null : readCode(scene.program, fault.ip),
  }
}

/** Read the open files of a process. */
export function readFiles(task: Task): ReportFile[] {
  return Array.from(forEachFile(task), ({ fd, file }) => ({
    fd,
    type: textOrFault(() => inodeType(fileInode(file))),
    path: textOrFault(() => dPath(filePath(file))),
  }))
}
