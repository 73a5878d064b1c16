// One stage of a check or test run: a command, how long it took, and what its output says passed and failed.
import { spawn } from 'node:child_process'
import { globSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { stripVTControlCharacters } from 'node:util'
import { cachePath } from './cache.ts'

/** A command to run, from the repository's root. */
export interface Stage {
  readonly name: string
  readonly command: readonly string[]
  /** Echo the output while it runs, rather than only when it fails: for stages of minutes. */
  readonly live?: boolean
  /** Variables beside our own. */
  readonly env?: Readonly<Record<string, string>>
}

/** How a stage went. A stage that is not a test run counts as one test. */
export interface StageResult {
  readonly name: string
  readonly passed: number
  readonly failed: number
  readonly skipped: number
  readonly seconds: number
  readonly output: string
}

/** Make the stage that runs the tests matching some globs; undefined when there are none yet. */
export function testStage(
  name: string,
  globs: readonly string[],
  options: { live?: boolean; atOnceMax?: number } = {},
): Stage | undefined {
  if (globSync(globs).length === 0) return undefined
  const flags = [
    '--test',
    '--test-reporter=spec',
    // The runner leaves one CPU to itself, and on two that is half of what there is.
    `--test-concurrency=${Math.min(availableParallelism(), options.atOnceMax ?? Infinity)}`,
  ]
  return { name, command: ['bin/node', ...flags, ...globs], live: options.live ?? false }
}

/**
 * Make the stages that together run the tests matching some globs, each its share of the files in one process: most files
 * are done in less time than a process takes to start. For tests that leave no trace in their process.
 */
export function sharedTestStages(name: string, globs: readonly string[], count: number): Stage[] {
  const files = globSync(globs).toSorted()
  return Array.from({ length: count }, (_, share) => ({
    name: `${name} ${share + 1}/${count}`,
    command: [
      ...['bin/node', '--test', '--test-reporter=spec', '--test-isolation=none'],
      ...files.filter((_, index) => index % count === share),
    ],
  }))
}

/** Run a stage to its end; a command that cannot start is a failure like any other. */
export async function runStage({
  name,
  command,
  live = false,
  env = {},
}: Stage): Promise<StageResult> {
  const start = performance.now()
  const [program = '', ...args] = command
  let output = ''
  const code = await new Promise<number | null>((resolve) => {
    const child = spawn(program, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      // Test files are processes of their own: the cache spares each of them the compiling.
      env: { ...process.env, NODE_COMPILE_CACHE: cachePath('compile'), ...env },
    })
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text
        if (live) process.stdout.write(text)
      })
    }
    child.on('error', (error) => {
      output += `${program}: ${error.message}\n`
      resolve(null)
    })
    child.on('close', resolve)
  })
  return {
    name,
    ...countTests(output, code === 0),
    seconds: (performance.now() - start) / 1000,
    output,
  }
}

/** Read the closing lines of node's test runner, or of check's; without them the exit code is the one test. */
export function countTests(
  output: string,
  succeeded: boolean,
): Pick<StageResult, 'passed' | 'failed' | 'skipped'> {
  const plain = stripVTControlCharacters(output)
  const count = (what: string): number | undefined => {
    const found = [...plain.matchAll(new RegExp(`^(?:ℹ|#) ${what} (\\d+)$`, 'gm'))].at(-1)?.[1]
    return found === undefined ? undefined : Number(found)
  }
  const closing = /^(\d+) passed, (\d+) failed\s*$/.exec(plain.trimEnd().split('\n').at(-1) ?? '')
  if (closing) return { passed: Number(closing[1]), failed: Number(closing[2]), skipped: 0 }
  const passed = count('pass')
  if (passed === undefined)
    return { passed: succeeded ? 1 : 0, failed: succeeded ? 0 : 1, skipped: 0 }
  const failed = (count('fail') ?? 0) + (count('cancelled') ?? 0)
  // A run that fails without naming a test that did (a crashed runner) still failed.
  return {
    passed,
    failed: succeeded ? failed : Math.max(failed, 1),
    skipped: count('skipped') ?? 0,
  }
}

/** Count the fuzz cases that the tests of a run say they ran. */
export function countFuzzCases(output: string): number {
  const plain = stripVTControlCharacters(output)
  return Array.from(plain.matchAll(/^(?:ℹ|#) (\d+) fuzz cases of .* refused/gm)).reduce(
    (sum, [, count]) => sum + Number(count),
    0,
  )
}

/** Format a stage's line of the summary: `ok    unit tests    212 passed, 0 failed  3.1 s`. */
export function formatStage({ name, passed, failed, skipped, seconds }: StageResult): string {
  const counts = `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`
  return `${failed > 0 ? 'FAIL' : 'ok  '}  ${name.padEnd(16)}  ${counts.padEnd(24)}  ${seconds.toFixed(1)} s`
}

/** Name the tests that a run, or several of them, say failed. */
export function failedTests(output: string): string[] {
  const plain = stripVTControlCharacters(output)
  const at = plain.indexOf('✖ failing tests:')
  if (at < 0) return []
  const failed = plain.slice(at).matchAll(/^✖ (.*) \(\d[\d.]*ms\)$/gm)
  return [...new Set(Array.from(failed, ([, name = '']) => name))]
}

/**
 * Cut a failed test run's output down to what failed.
 *
 * @returns from the runner's list of failures on; all of it where there is none
 */
export function failureText(output: string): string {
  const at = output.lastIndexOf('✖ failing tests:')
  return at < 0 ? output : output.slice(at)
}
