// Looks into the dump a rehearsal made: does it open, what does it say.
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import path from 'node:path'
import { KdumpError } from '../../core/base/errors.ts'
import { openKernel } from '../../core/kernel/open_kernel.ts'
import { panicMessage, panicTask } from '../../core/kernel/panic.ts'
import { forEachTask } from '../../core/kernel/sched.ts'
import { stackTrace } from '../../core/kernel/stack.ts'
import { frameSymbol } from '../../core/program/stack_trace.ts'
import type { Program } from '../../core/program/program.ts'
import { DUMPS } from '../control/after/crash_of_manifest.ts'
import { openDumpFile } from '../platform/age/unlock.ts'
import { registerNativeCodecs } from '../platform/native_codecs.ts'
import { parseJson } from './json_members.ts'
import type { CaptureFacts, DumpFacts } from './rehearse_result.ts'

const UNOPENED = {
  opens: false,
  openMs: 0,
  panicMessage: '',
  panicTask: '',
  backtrace: [],
  backtraceEnd: '',
  taskCount: 0,
} as const

/** Find the one folder a capture made below the path of kdump.conf, `<address>-<time>`, the newest by name. */
export function findRecording(folder: string): string | undefined {
  const names = readdirSync(folder)
    .filter((name) => /^[\w.:]+-\d{4}-\d\d-\d\d-/.test(name))
    .sort()
  const newest = names.at(-1)
  return newest === undefined ? undefined : path.join(folder, newest)
}

/** Find the dump of a recording, finished or not. */
export function findDump(recording: string): string | undefined {
  return DUMPS.map((name) => path.join(recording, name)).find((name) => existsSync(name))
}

/** Open the dump of a recording, finished or not; undefined when there is none. */
export function inspectDump(recording: string): DumpFacts | undefined {
  const file = findDump(recording)
  if (file === undefined) return undefined
  const about = { file, sizeBytes: statSync(file).size }
  registerNativeCodecs()
  const startMs = performance.now()
  try {
    using source = openDumpFile(file)
    const program = openKernel(source)
    return {
      ...about,
      opens: true,
      error: '',
      ...lookInto(program),
      openMs: performance.now() - startMs,
    }
  } catch (error) {
    if (!(error instanceof KdumpError)) throw error
    return { ...about, ...UNOPENED, error: error.message, openMs: performance.now() - startMs }
  }
}

function lookInto(
  program: Program,
): Pick<DumpFacts, 'panicMessage' | 'panicTask' | 'backtrace' | 'backtraceEnd' | 'taskCount'> {
  const task = panicTask(program)
  const trace = task && stackTrace(program, task)
  return {
    panicMessage: panicMessage(program),
    panicTask: task ? `${task.string('comm')} (PID ${task.number('pid')})` : '',
    backtrace: trace
      ? trace.frames.map(
          (frame) => frameSymbol(program, frame)?.symbol.name ?? `0x${frame.ip.toString(16)}`,
        )
      : [],
    backtraceEnd: trace?.end ?? '',
    taskCount: countTasks(program),
  }
}

/** A dump on a full disk may lack the page with the next task: what was counted before is what there is. */
function countTasks(program: Program): number {
  let count = 0
  try {
    for (const _ of forEachTask(program)) count++
  } catch (error) {
    if (!(error instanceof KdumpError)) throw error
  }
  return count
}

/** Read kbox.json of a recording; undefined when there is none or it is not one. */
export function readCaptureFacts(recording: string): CaptureFacts | undefined {
  const file = path.join(recording, 'kbox.json')
  const manifest = existsSync(file) ? parseJson(readFileSync(file, 'utf8')) : undefined
  return (
    manifest && {
      complete: manifest.isTrue('complete'),
      memAvailableMinBytes: manifest.number('memAvailableMinBytes'),
      steps: manifest.list('steps').map((step) => ({
        name: step.text('name'),
        ms: step.number('ms'),
        ok: step.isTrue('ok'),
        error: step.text('error'),
      })),
    }
  )
}
