// Runs a reader over damaged inputs. It may answer or throw a KdumpError; it may not throw anything else, take long, or
// allocate by a number it has not checked. Deterministic: case n of a target is always the same input.
// KBOX_FUZZ_RUNS=100000 runs that many cases of each target, KBOX_FUZZ_SECONDS=60 goes on for a minute each,
// KBOX_FUZZ_FROM=41 begins with case 41. A failure names the damage that is enough for it, and how to see it again.
import path from 'node:path'
import { test } from 'node:test'
import { KdumpError } from '../../src/core/base/errors.ts'
import { type FuzzTarget, FUZZ_CASES } from '../fuzz/fuzz_cases.ts'
import { HangWatch } from './hang_watch.ts'
import { limitAllocations } from './limit_allocations.ts'
import { Random } from './mutate.ts'

const CASE_MAX_MS = 2000
const MIB = 1024 * 1024
const { KBOX_FUZZ_RUNS: RUNS, KBOX_FUZZ_SECONDS: SECONDS, KBOX_FUZZ_FROM: FROM } = process.env

/** One for all targets of a file. */
let watching: Promise<HangWatch> | undefined

/** What a case may do. */
export interface FuzzOptions {
  /** Bytes that a single allocation may ask for. */
  readonly allocationMax?: number
  /** Bytes of all allocations of a case together. */
  readonly allocationTotalMax?: number
  /** A case slower than this, twice, is a hang in the making: 2000 where nothing is said. */
  readonly caseMaxMs?: number
}

/** A reader given damaged input by a generator; some readers answer later. */
export type FuzzCase = (random: Random) => void | Promise<void>

/** Register a test that runs the cases of a target, each with a generator seeded by its number. */
export function fuzz(name: FuzzTarget, options: FuzzOptions, run: FuzzCase): void {
  test(name, async (t) => {
    t.diagnostic(await runCases({ name, options, run }, FUZZ_CASES[name]))
  })
}

/**
 * Run the cases of a target.
 *
 * @param count how many, where the environment does not say
 * @returns how many there were, in words
 * @throws {Error} for the first that fails
 */
export async function runCases(target: Target, count: number): Promise<string> {
  const { name } = target
  const from = Number(FROM ?? 0)
  const countMax = Number(RUNS ?? (SECONDS === undefined ? count : Infinity))
  const end = performance.now() + Number(SECONDS ?? Infinity) * 1000
  watching ??= HangWatch.start()
  const watch = await watching
  let refused = 0
  let done = 0
  for (; done < countMax && performance.now() < end; done++) {
    watch.begin(name, from + done)
    const outcome = await attempt(target, new Random(from + done))
    const failure = outcome.failure && (await explain(target, from + done, outcome))
    if (failure) throw failure
    if (outcome.isRefused) refused++
  }
  watch.rest()
  // Inputs that are all refused, or none, exercise nothing.
  if (done >= 100 && refused === done) throw new Error(`${name}: every input was refused`)
  return `${done} fuzz cases of ${name}, ${refused} refused as a whole`
}

/** A reader, and what it may do. */
export interface Target {
  readonly name: string
  readonly options: FuzzOptions
  readonly run: FuzzCase
}

interface Outcome {
  readonly isRefused: boolean
  /** What is wrong with the reader; undefined if nothing. */
  readonly failure: Error | undefined
}

async function attempt({ options, run }: Target, random: Random): Promise<Outcome> {
  const { allocationMax = 16 * MIB, caseMaxMs = CASE_MAX_MS } = options
  const { allocationTotalMax = Math.max(64 * MIB, 2 * allocationMax) } = options
  const begin = performance.now()
  let isRefused = false
  try {
    await limitAllocations(allocationMax, allocationTotalMax, () => run(random))
  } catch (error) {
    const failure = error instanceof Error ? error : new Error(String(error))
    if (!(failure instanceof KdumpError)) return { isRefused, failure }
    isRefused = true
  }
  const tookMs = Math.round(performance.now() - begin)
  const failure = tookMs < caseMaxMs ? undefined : new Error(`takes ${tookMs} ms`)
  return { isRefused, failure }
}

/** Find the least damage that fails in the same way, and say how to see it; undefined if it does not fail again. */
async function explain(
  target: Target,
  seed: number,
  { failure }: Outcome,
): Promise<Error | undefined> {
  const random = new Random(seed)
  // A busy machine is slow once; a reader is slow each time.
  if ((await attempt(target, random)).failure === undefined) return undefined
  const needless = new Set<number>()
  for (let index = 0; index < random.edits.length; index++) {
    const without = await attempt(target, new Random(seed, new Set([...needless, index])))
    if (isAlike(without.failure, failure)) needless.add(index)
  }
  const needed = random.edits.filter((_, index) => !needless.has(index))
  const file = path.relative(process.cwd(), process.argv[1] ?? '')
  const again = `KBOX_FUZZ_FROM=${seed} KBOX_FUZZ_RUNS=1 bin/node --test`
  const lines = [
    `${target.name}: case ${seed}: ${String(failure)}`,
    `  see it again: ${again} --test-name-pattern='^${target.name}$' ${file}`,
    `  enough of the damage (${needed.length} of ${random.edits.length}):`,
    ...needed.map((edit) => `    ${edit}`),
  ]
  return new Error(lines.join('\n'), { cause: failure })
}

/** Messages differ by the numbers in them. */
function isAlike(a: unknown, b: unknown): boolean {
  const kind = (error: unknown): string => String(error).replace(/\d+/g, '#')
  return a !== undefined && kind(a) === kind(b)
}
