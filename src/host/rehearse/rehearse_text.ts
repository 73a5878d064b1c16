// A rehearsal's result for people.
import type { RehearseResult, RehearseStep } from './rehearse_result.ts'
import { STEP_TEXT } from './rehearse_result.ts'

/** One step on one line: `   1.2 s  ok      boot     kernel booted to user space`. */
export function formatStepLine({ name, ok, ms, error }: RehearseStep): string {
  const seconds = `${(ms / 1000).toFixed(1)} s`.padStart(8)
  return `${seconds}  ${ok ? 'ok    ' : 'FAILED'}  ${name.padEnd(8)} ${ok ? STEP_TEXT[name] : error}`
}

/** Format the whole result; ends with a newline. */
export function formatRehearseText(result: RehearseResult): string {
  const { release, accelerator, memoryBytes, cpus, crashkernel, scenario, kept } = result
  const failed = result.steps.filter(({ ok }) => !ok)
  const machine = `${megabytes(memoryBytes)}, ${cpus} CPU${cpus === 1 ? '' : 's'}, ${accelerator}`
  const lines = [
    row('kernel', `${release}, crashkernel=${crashkernel}`),
    row('machine', machine),
    row('scenario', scenario),
    ...captureLines(result),
    ...dumpLines(result),
    ...(kept === '' ? [] : [row('kept in', kept)]),
    row(
      'result',
      result.ok ? 'the whole road works' : `failed: ${failed.map(({ name }) => name).join(', ')}`,
    ),
    ...failed.flatMap(failureLines),
  ]
  return `${lines.join('\n')}\n`
}

function captureLines({ capture, end }: RehearseResult): string[] {
  const lines = end === undefined ? [] : [row('end', `the machine was left by ${end}`)]
  return capture
    ? [row('capture', `lowest free memory ${megabytes(capture.memAvailableMinBytes)}`), ...lines]
    : lines
}

function dumpLines({ dump }: RehearseResult): string[] {
  if (!dump) return [row('dump', 'none')]
  const name = dump.file.slice(dump.file.lastIndexOf('/') + 1)
  const size = `${name}, ${(dump.sizeBytes / 1e6).toFixed(1)} MB`
  if (!dump.opens) return [row('dump', `${size}, does not open: ${dump.error}`)]
  return [
    row('dump', `${size}, opens in ${dump.openMs.toFixed(0)} ms, ${dump.taskCount} tasks`),
    row('panic', dump.panicMessage),
    row('', `${dump.panicTask}, ${dump.backtrace.length} frames: ${dump.backtrace.join(' ← ')}`),
  ]
}

function failureLines({ name, error, console }: RehearseStep): string[] {
  const last =
    console.length === 0
      ? []
      : ['  last lines of the console:', ...console.map((line) => `  | ${line}`)]
  return ['', `${name}: ${error}`, ...last]
}

function row(name: string, text: string): string {
  return `${name.padEnd(9)} ${text}`
}

function megabytes(bytes: number): string {
  return `${Math.floor(bytes / 2 ** 20)} MB`
}
