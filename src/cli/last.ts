// kbox last: what became of the last crash.
import { findLastCrash, type LastCrash, type LastStep } from '../host/control/after/last_crash.ts'
import { readDumpPath } from './dump_path.ts'
import { parseVerbOptions } from './verb_options.ts'

const EXIT_NOT_SAVED = 1
const EXIT_NO_CRASH = 3

const OPTIONS = {
  json: { type: 'boolean', default: false },
  root: { type: 'string', default: '/' },
  config: { type: 'string' },
} as const

/**
 * Run `kbox last`.
 *
 * @returns exit code: 0 the dump is whole, 1 it is not, 3 no crash is known
 */
export async function lastMain(argv: readonly string[]): Promise<number> {
  const { json, root, config } = parseVerbOptions(argv, OPTIONS)
  const crash = findLastCrash(readDumpPath({ file: config, root }), root)
  if (json) process.stdout.write(`${JSON.stringify(crash ?? { version: 1, outcome: 'none' })}\n`)
  else process.stdout.write(crash ? formatLastCrash(crash) : 'no crash is known\n')
  if (!crash) return EXIT_NO_CRASH
  return crash.outcome === 'saved' ? 0 : EXIT_NOT_SAVED
}

const OUTCOME: Readonly<Record<LastCrash['outcome'], string>> = {
  saved: 'saved, whole',
  partial: 'saved in part',
  log: 'NOT saved; the log was',
  lost: 'NOT saved',
}

/** Format for people. */
export function formatLastCrash(crash: LastCrash): string {
  const { outcome, at, release, target, directory, dump, steps, failedStep, why, advice } = crash
  const rows: [string, string][] = [
    ['crash', `${at}, kernel ${release}`],
    ['dump', OUTCOME[outcome]],
  ]
  if (failedStep !== '') rows.push(['failed', `${failedStep}: ${why}`])
  if (advice !== '') rows.push(['to do', advice])
  if (target !== '') rows.push(['target', target])
  if (directory !== '') rows.push(['where', dump === '' ? directory : `${directory}/${dump}`])
  const lines = rows.map(([name, text]) => `${name.padEnd(8)}${text}`)
  if (steps.length > 0) lines.push('steps', ...steps.map(formatStep))
  return `${lines.join('\n')}\n`
}

function formatStep({ name, ms, ok, error }: LastStep): string {
  const took = ms === undefined ? 'never ended' : `${(ms / 1000).toFixed(1)} s`
  return `  ${took.padStart(11)}  ${ok ? 'ok    ' : 'FAILED'}  ${name}${ok ? '' : `: ${error}`}`
}
