// From a dumped kernel to its story. Each part is read on its own: what one cannot read costs only itself.
import { KdumpError } from '../base/errors.ts'
import { formatHex } from '../base/hex.ts'
import { cellFault } from '../base/table.ts'
import { classifyCrash, CRASH_KIND_TITLES } from '../diagnose/crash_kind.ts'
import { isPanicMachinery } from '../diagnose/panic_machinery.ts'
import { dPath } from '../kernel/dcache.ts'
import { fileInode, filePath, forEachFile, inodeType } from '../kernel/fs.ts'
import { loadAverages } from '../kernel/loadavg.ts'
import { mmArguments, taskMm } from '../kernel/mm.ts'
import { presentPages } from '../kernel/mmzone.ts'
import { panicCpu, panicMessage, panicTask } from '../kernel/panic.ts'
import { forEachCpu } from '../kernel/percpu.ts'
import { formatLogLines, readLog, type LogRecord } from '../kernel/printk.ts'
import { forEachIdleTask, isKthread, taskStateName, type Task } from '../kernel/sched.ts'
import { stackTrace } from '../kernel/stack.ts'
import { searchTasks } from '../kernel/task_search.ts'
import { taintedMask, taintFlags, taintLetters } from '../kernel/taint.ts'
import { coarseBoottimeNsec } from '../kernel/timekeeping.ts'
import { utsname } from '../kernel/uts.ts'
import type { Program } from '../program/program.ts'
import { frameSymbol, type StackFrame } from '../program/stack_trace.ts'
import {
  EARLIER_MAX,
  LOG_LINES_MAX,
  REPORT_VERSION,
  type Report,
  type ReportBacktrace,
  type ReportCompleteness,
  type ReportCrash,
  type ReportCulprit,
  type ReportFile,
  type ReportFrame,
  type ReportLog,
  type ReportSystem,
  type ReportTask,
  type ReportTasks,
  type ReportTiming,
} from './report_model.ts'

/** What a builder is told besides the kernel. */
export interface ReportOptions {
  /** Size of the dump's file. */
  readonly fileBytes?: number
  /** Time spent before, such as on opening the dump. */
  readonly timings?: readonly ReportTiming[]
  /** Milliseconds from anywhere, rising. */
  readonly now?: () => number
}

/** Build the report of a dump. Never throws for what the dump lacks. */
export function buildReport(program: Program, options: ReportOptions = {}): Report {
  const reader = new PartReader(options)
  const records = reader.read('log', () => [...readLog(program.memory, program.info)])
  const task = reader.read('panic task', () => panicTask(program)) ?? null
  const backtrace = task && reader.read('backtrace', () => readBacktrace(program, task))
  return {
    version: REPORT_VERSION,
    system: readSystem(program, reader),
    crash: readCrash(program, reader, records ?? [], task),
    backtrace,
    culprit: backtrace && findCulprit(backtrace.frames),
    tasks: reader.read('tasks', () => countTasks(program, reader)),
    files: task && reader.read('files', () => readFiles(task)),
    log: records && lastLines(records),
    completeness: readCompleteness(program, options, reader),
    timings: reader.timings,
  }
}

/** Reads parts, notes why some are missing and how long each took. */
class PartReader {
  readonly problems: string[] = []
  readonly timings: ReportTiming[]
  readonly #now: () => number

  constructor({ timings = [], now = () => performance.now() }: ReportOptions) {
    this.timings = [...timings]
    this.#now = now
  }

  /** Read a part; null, with the reason noted, if the dump cannot give it. */
  read<T>(step: string, read: () => T): T | null {
    const start = this.#now()
    const value = this.quiet(step, read)
    this.timings.push({ step, milliseconds: Math.round((this.#now() - start) * 100) / 100 })
    return value
  }

  /** As {@link PartReader.read}, too small to be timed. */
  quiet<T>(what: string, read: () => T): T | null {
    try {
      return read()
    } catch (error) {
      // RangeError: a number of the dump that is too large to be one.
      if (!(error instanceof KdumpError || error instanceof RangeError)) throw error
      this.problems.push(`${what}: ${error.message}`)
      return null
    }
  }
}

function readSystem(program: Program, reader: PartReader): ReportSystem {
  const { info, dump } = program
  return (
    reader.read('system', (): ReportSystem => {
      const name = reader.quiet('utsname', () => utsname(program)) ?? dump.utsname
      const pages = reader.quiet('memory', () => presentPages(program))
      return {
        release: name?.release ?? info.osrelease,
        kernelVersion: name?.version ?? null,
        nodename: name?.nodename ?? null,
        machine: name?.machine ?? '',
        cpus: reader.quiet('cpus', () => forEachCpu(program, 'online').length),
        memoryBytes: pages === null ? null : pages * info.pageSize,
        crashTime: info.crashTime || dump.timestamp || null,
        uptimeSeconds: reader.quiet('uptime', () => Number(coarseBoottimeNsec(program)) / 1e9),
        loadAverages: reader.quiet('load averages', () => loadAverages(program)),
        taints: reader.quiet('taints', () =>
          taintLetters(taintFlags(program), taintedMask(program)),
        ),
        commandLine: reader.quiet('command line', () =>
          program.object('saved_command_line').string(),
        ),
      }
    }) ?? emptySystem(program)
  )
}

function emptySystem({ info, dump }: Program): ReportSystem {
  return {
    release: info.osrelease,
    kernelVersion: null,
    nodename: null,
    machine: dump.utsname?.machine ?? '',
    cpus: null,
    memoryBytes: null,
    crashTime: info.crashTime || null,
    uptimeSeconds: null,
    loadAverages: null,
    taints: null,
    commandLine: null,
  }
}

function readCrash(
  program: Program,
  reader: PartReader,
  records: readonly LogRecord[],
  task: Task | null,
): ReportCrash {
  const { kind, evidence, earlier } = classifyCrash(records.flatMap(({ text }) => text.split('\n')))
  const message = reader.quiet('panic message', () => panicMessage(program)) ?? ''
  return {
    kind,
    title: CRASH_KIND_TITLES[kind],
    message,
    evidence: evidence === message ? '' : evidence,
    earlier: earlier.slice(0, EARLIER_MAX),
    cpu: reader.quiet('panic CPU', () => panicCpu(program)) ?? null,
    task: task && reader.quiet('panic task', () => readTask(task)),
  }
}

function readTask(task: Task): ReportTask {
  const mm = taskMm(task)
  return {
    pid: task.number('pid'),
    comm: task.string('comm'),
    address: formatHex(task.address),
    kernelThread: isKthread(task),
    arguments: mm ? argumentsOf(() => mmArguments(mm)) : null,
  }
}

/** User pages are mostly left out of dumps: no problem worth a line. */
function argumentsOf(read: () => string[]): string[] | null {
  try {
    return read()
  } catch (error) {
    if (error instanceof KdumpError) return null
    throw error
  }
}

function readBacktrace(program: Program, task: Task): ReportBacktrace {
  const trace = stackTrace(program, task)
  return {
    frames: trace.frames.map((frame) => toFrame(program, frame)),
    end: trace.end,
    why: trace.why,
  }
}

function toFrame(program: Program, frame: StackFrame): ReportFrame {
  const found = frameSymbol(program, frame)
  return {
    function: found?.symbol.name ?? null,
    offset: found ? Number(found.offset) : null,
    module: found?.symbol.module ?? '',
    ip: formatHex(frame.ip),
    sp: formatHex(frame.sp),
    quality: frame.quality,
    interrupted: frame.interrupted,
  }
}

function findCulprit(frames: readonly ReportFrame[]): ReportCulprit | null {
  for (const [index, frame] of frames.entries()) {
    if (frame.function === null || isPanicMachinery(frame.function)) continue
    return { function: frame.function, module: frame.module, frame: index, quality: frame.quality }
  }
  return null
}

/** A broken list is counted as far as tasks are found, with a problem noted. */
function countTasks(program: Program, reader: PartReader): ReportTasks | null {
  const { tasks, problem } = searchTasks(program)
  if (problem !== '') reader.problems.push(problem)
  const all = [...(reader.quiet('idle tasks', () => [...forEachIdleTask(program)]) ?? []), ...tasks]
  if (all.length === 0) return null
  const byState: Record<string, number> = {}
  for (const task of all) {
    const state = taskStateName(task)
    byState[state] = (byState[state] ?? 0) + 1
  }
  const users = all.filter((task) => !isKthread(task))
  return {
    total: all.length,
    processes: users.filter((task) => task.number('pid') === task.number('tgid')).length,
    kernelThreads: all.length - users.length,
    byState,
  }
}

function readFiles(task: Task): ReportFile[] {
  return Array.from(forEachFile(task), ({ fd, file }) => ({
    fd,
    type: textOf(() => inodeType(fileInode(file))),
    path: textOf(() => dPath(filePath(file))),
  }))
}

/** One unreadable name must not cost the list. */
function textOf(read: () => string): string {
  try {
    return read()
  } catch (error) {
    if (error instanceof KdumpError) return `(${cellFault(error).fault})`
    throw error
  }
}

function lastLines(records: readonly LogRecord[]): ReportLog {
  const all = records.flatMap(formatLogLines)
  return { lineCount: all.length, lastLines: all.slice(-LOG_LINES_MAX) }
}

function readCompleteness(
  program: Program,
  { fileBytes }: ReportOptions,
  reader: PartReader,
): ReportCompleteness {
  const { dump, kernelSymbols, kernelTypes } = program
  return {
    file: dump.file,
    fileBytes: fileBytes ?? null,
    format: dump.format,
    dumpLevel: dump.dumpLevel ?? null,
    incomplete: dump.incomplete,
    symbols: kernelSymbols?.count ?? null,
    types: kernelTypes !== undefined,
    modules: program.modules.length,
    problems: [...program.problems.map(({ message }) => message), ...reader.problems],
  }
}
