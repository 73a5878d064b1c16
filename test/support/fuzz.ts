// Runs a reader over damaged inputs. It may answer or throw a KdumpError; it may not throw anything else, take long, or
// allocate by a number it has not checked. Deterministic: run n of a target is always the same input.
// KBOX_FUZZ_RUNS=100000 goes longer, KBOX_FUZZ_FROM=41 begins at run 41 of each target.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { KdumpError } from '../../src/core/base/errors.ts'
import { Random } from './mutate.ts'

/** Slower than this on a busy machine is a hang in the making. */
const RUN_LIMIT_MS = 4000
const MIB = 1024 * 1024

/** How a target is run. */
export interface FuzzOptions {
  /** Runs without KBOX_FUZZ_RUNS; chosen so that a target takes about a second. */
  readonly runs: number
  /** Bytes a single allocation may ask for. */
  readonly allocationMax?: number
}

/** Register a test that calls `run` with a generator seeded by the run's number. */
export function fuzz(
  name: string,
  { runs, allocationMax = 16 * MIB }: FuzzOptions,
  run: (random: Random) => void,
): void {
  test(name, () => {
    const count = Number(process.env.KBOX_FUZZ_RUNS ?? runs)
    const from = Number(process.env.KBOX_FUZZ_FROM ?? 0)
    let refused = 0
    for (let i = from; i < from + count; i++) {
      const begin = performance.now()
      try {
        limitAllocations(allocationMax, () => run(new Random(i)))
      } catch (error) {
        if (!(error instanceof KdumpError))
          throw new Error(`${name}: run ${i} (KBOX_FUZZ_FROM=${i})`, { cause: error })
        refused++
      }
      const took = performance.now() - begin
      assert.ok(took < RUN_LIMIT_MS, `${name}: run ${i} took ${Math.round(took)} ms`)
    }
    // Inputs that are all refused, or none, exercise nothing.
    if (count >= 100) assert.ok(refused < count, `${name}: every input was refused`)
  })
}

type AnyConstructor = new (...values: never[]) => object
const LIMITED = [
  'ArrayBuffer',
  'Uint8Array',
  'Uint16Array',
  'Uint32Array',
  'Int32Array',
  'Float64Array',
  'BigUint64Array',
] as const
const ELEMENT_SIZE: Readonly<Record<string, number>> = {
  Uint16Array: 2,
  Uint32Array: 4,
  Int32Array: 4,
  Float64Array: 8,
  BigUint64Array: 8,
}

/** Call with constructors of buffers that refuse more than `max` bytes. */
function limitAllocations(max: number, call: () => void): void {
  const globals = globalThis as unknown as Record<string, AnyConstructor>
  const originals = LIMITED.map((name) => [name, globals[name] as AnyConstructor] as const)
  for (const [name, original] of originals) {
    const elementSize = ELEMENT_SIZE[name] ?? 1
    globals[name] = new Proxy(original, {
      construct(target, values: never[], newTarget) {
        const size = Number(values[0]) * elementSize
        if (typeof values[0] === 'number' && size > max) throw new Error(`allocates ${size} bytes`)
        return Reflect.construct(
          target,
          values,
          newTarget === globals[name] ? target : newTarget,
        ) as object
      },
    })
  }
  try {
    call()
  } finally {
    for (const [name, original] of originals) globals[name] = original
  }
}
