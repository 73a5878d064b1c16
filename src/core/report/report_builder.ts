// From a dumped kernel to its story: reads the parts, each on its own.
import { diagnose, type Diagnosis } from '../diagnose/diagnose.ts'
import { Scene } from '../diagnose/scene.ts'
import { readLog } from '../kernel/printk.ts'
import { panicTask } from '../kernel/panic.ts'
import type { Program } from '../program/program.ts'
import type { ReportCompleteness, ReportTiming } from './model/completeness_model.ts'
import { PartReader } from './parts/part_reader.ts'
import { readCrash, readFiles, readReportFaults } from './parts/read_crash.ts'
import { readVerdict, toFindings } from './parts/read_findings.ts'
import { readReportLog } from './parts/read_log.ts'
import { foldStacks, readCpus, toBacktrace } from './parts/read_stacks.ts'
import { readModules, readSystem } from './parts/read_system.ts'
import { readTasks } from './parts/read_tasks.ts'
import { toWaits } from './parts/read_waits.ts'
import { REPORT_VERSION, type Report } from './report_model.ts'
import { REPORT_SOURCES, type ReportSources } from './report_sources.ts'

/** What a builder is told besides the kernel. */
export interface ReportOptions {
  /** Size of the dump's file. */
  readonly fileBytes?: number
  /** Time spent before, such as on opening the dump. */
  readonly timings?: readonly ReportTiming[]
  /** Milliseconds from anywhere, rising. */
  readonly now?: () => number
  /** Makers of parts other than the usual ones. */
  readonly sources?: Partial<ReportSources>
}

/** Build the report of a dump. Never throws for what the dump lacks. */
export function buildReport(program: Program, options: ReportOptions = {}): Report {
  const reader = new PartReader(options.timings ?? [], options.now ?? (() => performance.now()))
  const sources = { ...REPORT_SOURCES, ...options.sources }
  const scene = new Scene(program)
  noteWhyEmpty(scene, reader)
  const diagnosis = reader.read('diagnosis', () => diagnose(scene)) ?? NOTHING_FOUND
  const { first, faults } = reader.read('faults', () => readReportFaults(scene)) ?? NO_FAULTS
  const waits = reader.read('waits', () => sources.waits(scene))
  const folded = reader.read('stacks', () => foldStacks(scene))
  const { panicTask: task, panicTrace } = scene
  return {
    version: REPORT_VERSION,
    verdict: readVerdict(scene, diagnosis),
    findings: toFindings(scene, diagnosis.findings, first),
    signature: reader.read('signature', () => sources.signature(scene, diagnosis)),
    system: readSystem(program, reader),
    crash: readCrash(scene, reader),
    faults,
    backtrace: task ? toBacktrace(panicTrace) : null,
    cpus: reader.read('cpus', () => readCpus(scene)),
    waits: waits && reader.quiet('waits', () => toWaits(waits)),
    state: reader.read('state', () => sources.state(scene)),
    stacks: folded?.stacks ?? null,
    tasks: reader.read('tasks', () => readTasks(scene, reader, folded?.rows ?? [])),
    files: task ? reader.read('files', () => readFiles(task)) : null,
    modules: reader.read('modules', () => readModules(program, reader)),
    log: reader.read('log', () => readReportLog(scene)),
    completeness: readCompleteness(program, options, reader, diagnosis),
    timings: reader.timings,
  }
}

const NOTHING_FOUND: Diagnosis = { findings: [], verdict: null, problems: [] }
const NO_FAULTS = { first: 0, faults: [] }

/** A scene shows what the dump lacks as empty; a report says why it is. */
function noteWhyEmpty(scene: Scene, reader: PartReader): void {
  const { program } = scene
  if (scene.lines.length === 0)
    reader.quiet('log', () => readLog(program.memory, program.info).next())
  if (!scene.panicTask) reader.quiet('panic task', () => panicTask(program))
  reader.note(scene.taskProblem)
}

function readCompleteness(
  program: Program,
  { fileBytes }: ReportOptions,
  reader: PartReader,
  diagnosis: Diagnosis,
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
    problems: [
      ...program.problems.map(({ message }) => message),
      ...reader.problems,
      ...diagnosis.problems.map(({ rule, why }) => `rule ${rule}: ${why}`),
    ],
  }
}
