// Reports of older versions as the newest one: what they did not tell is null, or none.
import type { CrashKind } from '../diagnose/crash_kind.ts'
import type { ReportCompleteness, ReportTiming } from './model/completeness_model.ts'
import type { ReportCrash } from './model/crash_model.ts'
import type { ReportVerdict } from './model/finding_model.ts'
import type { ReportLog } from './model/log_model.ts'
import type { ReportBacktrace, ReportFrame } from './model/stack_model.ts'
import type { ReportSystem } from './model/system_model.ts'
import type { ReportFile, ReportTasks } from './model/task_model.ts'
import { REPORT_VERSION, type Report } from './report_model.ts'

/** Version 1: no findings; the culprit is the first frame that is no part of dying; the end of the log. */
export interface ReportV1 {
  readonly version: 1
  readonly system: ReportSystem
  readonly crash: ReportCrash
  readonly backtrace: ReportBacktrace | null
  readonly culprit: CulpritV1 | null
  readonly tasks: Omit<ReportTasks, 'list'> | null
  readonly files: readonly ReportFile[] | null
  readonly log: { readonly lineCount: number; readonly lastLines: readonly string[] } | null
  readonly completeness: ReportCompleteness
  readonly timings: readonly ReportTiming[]
}

/** Whom version 1 blamed. */
export interface CulpritV1 {
  readonly function: string
  readonly module: string
  readonly frame: number
  readonly quality: ReportFrame['quality']
}

/** Turn a report of any version into one of the newest. */
export function upgradeReport(report: ReportV1 | Report): Report {
  return report.version === 1 ? fromV1(report) : report
}

function fromV1({ culprit, tasks, log, ...rest }: ReportV1): Report {
  return {
    ...rest,
    version: REPORT_VERSION,
    verdict: verdictOf(rest.crash.kind, rest.crash.title, culprit),
    findings: [],
    signature: null,
    faults: [],
    cpus: null,
    waits: null,
    state: null,
    stacks: null,
    tasks: tasks && { ...tasks, list: [] },
    modules: null,
    log: log && logOf(log),
  }
}

function verdictOf(kind: CrashKind, title: string, culprit: CulpritV1 | null): ReportVerdict {
  if (!culprit) return { kind, title, confidence: null, culprit: null, finding: null }
  const { function: name, module } = culprit
  return {
    kind,
    title: `${title} in ${name}${module === '' ? '' : ` [${module}]`}`,
    confidence: null,
    culprit: { function: name, module, taints: '', source: '', unit: '' },
    finding: null,
  }
}

/** Levels were not kept: all lines are information. */
function logOf({ lineCount, lastLines }: NonNullable<ReportV1['log']>): ReportLog {
  return {
    lineCount,
    lines: lastLines.map((line) => {
      const [, time = '', text = line] = /^\[ *([\d.]+)\] (.*)$/.exec(line) ?? []
      return { time, level: 6, text }
    }),
    omitted: lineCount - lastLines.length,
    omittedAt: 0,
    troubles: [],
  }
}
