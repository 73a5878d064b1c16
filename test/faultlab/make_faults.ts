// Makes the dumps of scenarios, each once: the key of a dump is the hash of its scenario, the drivers and the kernel.
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { cachePath } from '../../scripts/cache.ts'
import { getCachedKernel } from '../support/rehearsals.ts'
import { buildModule, type BuiltModule } from './build_module.ts'
import { makeSnapshot, openSnapshot, type Snapshot } from './fault_guest.ts'
import { holdsFault, runFault } from './run_fault.ts'
import { SCENARIOS, type FaultScenario } from './scenarios.ts'

/** What is to be made. */
export interface FaultRequest {
  /** Of the scenarios; all when empty. */
  readonly names?: readonly string[]
  /** Machines at a time. */
  readonly jobs?: number
  /** More dumps of each, from a boot of their own. */
  readonly repeats?: number
}

/** A dump, or why there is none. */
export interface MadeFault {
  readonly series: string
  readonly scenario: FaultScenario
  /** 0 for the scenario itself, then its repeats. */
  readonly repeat: number
  readonly folder: string
  readonly error: string
}

/** Folder of a scenario's dump. */
export function faultFolder(series: string, name: string, repeat = 0): string {
  return cachePath('faultlab', series, name, ...(repeat === 0 ? [] : [`repeat.${repeat}`]))
}

/** Make the dumps that are missing. */
export async function makeFaults(series: string, request: FaultRequest): Promise<MadeFault[]> {
  const { names = [], jobs = 1, repeats = 0 } = request
  const drivers = buildModule(getCachedKernel(series))
  const wanted = SCENARIOS.filter(
    ({ name, lacking }) =>
      (names.length === 0 || names.includes(name)) && lacking?.[series] === undefined,
  )
  const made: MadeFault[] = []
  for (let repeat = 0; repeat <= repeats; repeat++) {
    const round = wanted.map((scenario) => ({
      about: { series, scenario, repeat, folder: faultFolder(series, scenario.name, repeat) },
      key: hashOf(drivers.hash, JSON.stringify(provocation(scenario))),
    }))
    const isMissing = round.some(({ about, key }) => !holdsFault(about.folder, key))
    const snapshot = isMissing ? await bootOnce(series, repeat, drivers) : undefined
    made.push(
      ...(await inParallel(round, jobs, ({ about, key }) => makeFault(about, key, snapshot))),
    )
  }
  return made
}

/** Of a scenario what makes its dump: not what is expected of it. */
function provocation({ run, sysctls, host, hostAfterMs }: FaultScenario): unknown {
  return { run, sysctls, host, hostAfterMs }
}

/** The snapshot that a series' dumps are made from, and the scenario of a name. */
export async function prepareFault(
  series: string,
  name: string,
): Promise<{ snapshot: Snapshot; scenario: FaultScenario }> {
  const scenario = SCENARIOS.find((each) => each.name === name)
  if (!scenario) throw new Error(`no scenario ${name}`)
  return { snapshot: await bootOnce(series, 0, buildModule(getCachedKernel(series))), scenario }
}

async function bootOnce(series: string, repeat: number, drivers: BuiltModule): Promise<Snapshot> {
  const folder = cachePath('faultlab', series, `snapshot.${repeat}`)
  const guest = readFileSync(path.join(import.meta.dirname, 'fault_guest.ts'), 'utf8')
  const key = hashOf(drivers.hash, guest)
  const keyFile = path.join(folder, 'key')
  if (existsSync(keyFile) && readFileSync(keyFile, 'utf8') === key) return openSnapshot(folder)
  const startMs = performance.now()
  const snapshot = await makeSnapshot(series, drivers.files, folder)
  writeFileSync(keyFile, key)
  say(series, `booted and armed in ${seconds(performance.now() - startMs)}`)
  return snapshot
}

async function makeFault(
  about: Omit<MadeFault, 'error'>,
  key: string,
  snapshot: Snapshot | undefined,
): Promise<MadeFault> {
  const { series, scenario, folder } = about
  if (!snapshot || holdsFault(folder, key)) return { ...about, error: '' }
  try {
    const { crashMs, dumpMs } = await runFault(snapshot, scenario, folder, key)
    say(series, `${scenario.name}: crash ${seconds(crashMs)}, dump ${seconds(dumpMs)}`)
    return { ...about, error: '' }
  } catch (error) {
    say(series, `${scenario.name}: failed`)
    return { ...about, error: error instanceof Error ? error.message : String(error) }
  }
}

/** In the order of `items`, `count` at a time. */
async function inParallel<Item, Result>(
  items: readonly Item[],
  count: number,
  run: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = []
  const queue = items.entries()
  const worker = async (): Promise<void> => {
    for (const [index, item] of queue) results[index] = await run(item)
  }
  await Promise.all(Array.from({ length: count }, worker))
  return results
}

function hashOf(...parts: readonly string[]): string {
  return createHash('sha256').update(parts.join('\n')).digest('hex').slice(0, 16)
}

function say(series: string, text: string): void {
  process.stderr.write(`# ${series} ${text}\n`)
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`
}
