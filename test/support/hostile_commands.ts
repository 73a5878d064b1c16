// Every command of the registry on a dump that is damaged where it looks. A process of its own, so that whoever waits
// can end a command that never ends: node hostile_commands.ts VMCORE KINDS FROM COUNT SECONDS [LINE], kinds with
// commas between them, a seed each in turn. Prints a line of JSON.
import { readFileSync } from 'node:fs'
import { KdumpError } from '../../src/core/base/errors.ts'
import { optionName } from '../../src/core/base/options.ts'
import { renderJson } from '../../src/core/render/render_json.ts'
import { renderText } from '../../src/core/render/render_text.ts'
import { COMMANDS } from '../../src/core/crash/commands.ts'
import type { Block, Command } from '../../src/core/crash/command.ts'
import { parseLine } from '../../src/core/crash/parse_line.ts'
import { runWords } from '../../src/core/crash/run_command.ts'
import { Session } from '../../src/core/crash/session.ts'
import { openDump } from '../../src/core/dump/formats.ts'
import { blockCache } from '../../src/core/io/block_cache.ts'
import { loadModules } from '../../src/core/kernel/module.ts'
import { Program } from '../../src/core/program/program.ts'
import { openFileSource } from '../../src/host/platform/file_source.ts'
import { registerNativeCodecs } from '../../src/host/platform/native_codecs.ts'
import { damagedDump } from './damaged_dump.ts'
import { HangWatch } from './hang_watch.ts'
import { limitAllocations } from './limit_allocations.ts'
import { Random } from './mutate.ts'
import { ReadOverlay, type WordRead } from './read_overlay.ts'

/** Damage by kind; see DAMAGE and spoilPages(). */
export type HostileKind = 'cycles' | 'garbage' | 'counts' | 'pages'

/** What a process found. */
export interface HostileResult {
  /** Command lines run with damage. */
  readonly runs: number
  /** Lines in all, each of which was run at least once without damage. */
  readonly lines: number
  /** What is wrong: `LINE: what happened (seed)`. */
  readonly failures: readonly string[]
  readonly peakMib: number
  /** The slowest runs with damage, in CPU time. */
  readonly slowest: readonly { readonly line: string; readonly seed: number; readonly ms: number }[]
}

const MIB = 2 ** 20
/** A command that takes longer hangs, on however busy a machine. */
const HANG_MS = 60_000
/** CPU time; one that takes this and ten times what it takes without damage is about to hang. */
const SLOW_MS = 10_000
const ALLOCATION_MAX = 300 * MIB
const ALLOCATION_TOTAL_MAX = 4000 * MIB
const LINES_MAX = 2_000_000
const WORDS_MAX = 6
/** Instead of a seed, for a run without damage. */
const CLEAN = -1
/** Of a process that has run all lines. */
export const MEMORY_MAX_MIB = 1200

/** Lines worth trying of each command: as it is, its examples, each of its flags, and through foreach. */
export function hostileLines(commands: readonly Command[]): string[] {
  const lines = commands.flatMap((command) => {
    const { name, options, examples = [], operandsMin = 0, perTask } = command
    const flags = Object.entries(options).flatMap(([key, spec]) =>
      spec.type === 'string' ? [] : [`${name} ${optionName(key, spec)}`],
    )
    return [
      ...(operandsMin === 0 ? [name, ...flags] : []),
      ...examples.map((example) => example.command),
      ...(perTask ? [`foreach ${name}`] : []),
    ]
  })
  return [...new Set(lines)]
}

/** What stands in the place of a word. */
type Damage = (word: WordRead, all: readonly WordRead[], random: Random) => bigint

const isPointer = ({ size, value }: WordRead): boolean =>
  size === 8 && value >= 0xffff_8000_0000_0000n && value < 0xffff_ffff_ffff_f000n

const DAMAGE: Readonly<Record<Exclude<HostileKind, 'pages'>, Damage>> = {
  // A list that leads to itself, or to where it has been; or to another list altogether.
  cycles: (word, all, random) =>
    random.below(3) === 0 ? word.address : pickPointer(all, random).value,
  // Nothing, poison, user space, no canonical address, the end of memory, an odd one.
  garbage: (word, _all, random) =>
    random.pick([
      0n,
      0xdead_0000_0000_0100n,
      0x7fff_1234_5678n,
      0x4141_4141_4141_4141n,
      0xffff_ffff_ffff_fff8n,
      word.value + 1n,
      word.value ^ 0x10_0000n,
      word.value + BigInt(random.below(64) * 8),
    ]),
  counts: (word, _all, random) =>
    random.pick([
      0n,
      1n,
      word.value + 1n,
      word.value * 1000n,
      0x7fff_ffffn,
      0xffff_ffffn,
      0x7fff_ffff_ffff_ffffn,
      0xffff_ffff_ffff_ffffn,
      BigInt(random.next()),
    ]),
}

function pickPointer(all: readonly WordRead[], random: Random): WordRead {
  for (let tries = 0; tries < 20; tries++) {
    const word = random.pick(all)
    if (isPointer(word)) return word
  }
  return random.pick(all)
}

function pickDamage(
  kind: Exclude<HostileKind, 'pages'>,
  words: readonly WordRead[],
  random: Random,
): Map<bigint, bigint> {
  const chosen = new Map<bigint, bigint>()
  const fits = kind === 'counts' ? (word: WordRead): boolean => !isPointer(word) : isPointer
  for (
    let tries = 0, count = 1 + random.below(WORDS_MAX);
    tries < 200 && chosen.size < count;
    tries++
  ) {
    const word = random.pick(words)
    if (word && fits(word))
      chosen.set(word.address, BigInt.asUintN(64, DAMAGE[kind](word, words, random)))
  }
  return chosen
}

class HostileRun {
  readonly failures: string[] = []
  readonly times: { line: string; seed: number; ms: number }[] = []
  #cleanMs = new Map<string, number>()
  readonly #watch: HangWatch

  constructor(watch: HangWatch) {
    this.#watch = watch
  }

  /** Run one line to its end; what must not happen becomes a failure. */
  async run(program: Program, line: string, seed: number, json: boolean): Promise<void> {
    this.#watch.begin(line, seed)
    // A busy machine takes time, but no CPU time.
    const begin = process.cpuUsage()
    try {
      await limitAllocations(ALLOCATION_MAX, ALLOCATION_TOTAL_MAX, () =>
        exhaust(program, line, json),
      )
    } catch (error) {
      // Renderers read objects: what they cannot read is an answer too.
      if (!(error instanceof KdumpError)) this.#fail(line, seed, describe(error))
    }
    this.#watch.rest()
    const { user, system } = process.cpuUsage(begin)
    const ms = (user + system) / 1000
    const clean = this.#cleanMs.get(line)
    if (clean === undefined) this.#cleanMs.set(line, ms)
    else if (ms > SLOW_MS && ms > 10 * clean)
      this.#fail(line, seed, `takes ${Math.round(ms)} ms, not ${Math.round(clean)}`)
    if (seed !== CLEAN) this.times.push({ line, seed, ms: Math.round(ms) })
  }

  #fail(line: string, seed: number, what: string): void {
    this.failures.push(`${line}: ${what} (seed ${seed})`)
  }
}

function describe(error: unknown): string {
  const where = error instanceof Error ? /at .*?\/(src\/[^)]*)/.exec(error.stack ?? '')?.[1] : ''
  return `${String(error)} at ${where}`
}

function exhaust(program: Program, line: string, json: boolean): void {
  const parsed = parseLine(line)
  if (parsed.kind !== 'command') return
  const session = new Session(program, COMMANDS)
  const blocks = watchProblems(runWords(session, parsed.words))
  let count = 0
  for (const text of json ? renderJson(line, blocks) : renderText(blocks)) {
    void text
    if (++count > LINES_MAX) throw new Error('prints without end')
  }
}

/** A RangeError may be a number that is none; one of these is not the dump's fault. */
function* watchProblems(blocks: Iterable<Block>): Generator<Block> {
  for (const block of blocks) {
    if (
      block.kind === 'problem' &&
      /call stack|Invalid array length|Invalid typed array/.test(block.message)
    )
      throw new Error(block.message)
    yield block.kind === 'section' ? { ...block, blocks: watchProblems(block.blocks) } : block
  }
}

/** One page in a hundred becomes random bytes, symbols' and types' too where there are many seeds. */
function spoilPages(program: Program, seed: number): Program {
  const { dump } = program
  const spared = sparedFrames(program)
  return new Program(
    damagedDump(dump, (start, bytes) => {
      for (let at = start; at < start + bytes.length; at += dump.pageSize) {
        const pfn = Math.floor(at / dump.pageSize)
        const random = new Random(seed * 1_000_003 + pfn)
        if (random.below(100) !== 0 || spared(pfn)) continue
        const page = bytes.subarray(at - start, at - start + dump.pageSize)
        for (let index = 0; index < page.length; index++) page[index] = random.next() >>> 11
      }
    }),
    { loadModules },
  )
}

/** Without symbols, types and page tables no command would get far: those pages stay. */
function sparedFrames(program: Program): (pfn: number) => boolean {
  const frames = new Set<number>()
  const { memory, dump, arch, info } = program
  const readPage = (physical: number, into: Uint8Array): boolean => {
    try {
      dump.readPhysical(physical, into)
      return true
    } catch {
      return false
    }
  }
  for (const pfn of arch.readKernelMap(readPage, memory.translator.kernelRoot, info).tables)
    frames.add(pfn)
  for (const [first, last] of [
    ['__start_rodata', '__end_rodata'],
    ['__start_BTF', '__stop_BTF'],
  ] as const) {
    if (!program.hasSymbol(first) || !program.hasSymbol(last)) continue
    const end = program.symbol(last)
    for (let at = program.symbol(first); at < end; at += BigInt(dump.pageSize))
      frames.add(Math.floor(memory.toPhysical(at) / dump.pageSize))
  }
  return (pfn) => frames.has(pfn)
}

async function main([
  file = '',
  kinds = 'cycles',
  from = '0',
  count = '1',
  seconds = '10',
  only = '',
]: string[]): Promise<HostileResult> {
  registerNativeCodecs()
  using source = openFileSource(file)
  const open = (): Program => new Program(openDump(source, { cache: blockCache }), { loadModules })
  const overlay = new ReadOverlay()
  const hostile = new HostileRun(await HangWatch.start(HANG_MS))
  const lines = hostileLines(COMMANDS)
  const program = open()
  // Their tables are read once for all commands.
  for (const module of program.modules) module.symbols()
  const reads = new Map<string, readonly WordRead[]>()
  for (const line of lines) {
    // What is kept for all commands is recorded with the first one alone.
    const words = await overlay.record(() => hostile.run(program, line, CLEAN, false))
    reads.set(line, words)
  }
  const end = performance.now() + Number(seconds) * 1000
  for (let seed = Number(from); seed < Number(from) + Number(count); seed++) {
    const random = new Random(seed)
    const turn = kinds.split(',')
    const kind = turn[seed % turn.length]
    const fresh = kind === 'pages' ? spoilPages(program, seed) : open()
    for (const line of only === '' ? shuffled(lines, random) : [only]) {
      if (performance.now() > end) break
      const words = reads.get(line) ?? []
      if (kind === 'pages') await hostile.run(fresh, line, seed, seed % 2 === 1)
      else {
        const own = new Random(seed * 1009 + hashLine(line))
        const damage = pickDamage(kind as Exclude<HostileKind, 'pages'>, words, own)
        if (only !== '') showDamage(damage, program)
        await overlay.damaged(damage, () => hostile.run(fresh, line, seed, seed % 2 === 1))
      }
    }
  }
  const { failures, times } = hostile
  const slowest = times.toSorted((a, b) => b.ms - a.ms).slice(0, 5)
  return { runs: times.length, lines: lines.length, failures, peakMib: peakMib(), slowest }
}

/** A line's damage is the same whatever else is run. */
const hashLine = (line: string): number =>
  Buffer.from(line).reduce((hash, byte) => (Math.imul(hash, 31) + byte) | 0, 7)

function showDamage(damage: ReadonlyMap<bigint, bigint>, program: Program): void {
  for (const [address, value] of damage) {
    const where = program.symbolize(address) ?? address.toString(16)
    console.error(`${where}: ${program.memory.u64(address).toString(16)} -> ${value.toString(16)}`)
  }
}

function shuffled<T>(items: readonly T[], random: Random): T[] {
  return items
    .map((item) => ({ item, key: random.next() }))
    .sort((a, b) => a.key - b.key)
    .map(({ item }) => item)
}

const peakMib = (): number =>
  Math.round(Number(/VmHWM:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'latin1'))?.[1]) / 1024)

if (import.meta.main) console.log(JSON.stringify(await main(process.argv.slice(2))))
