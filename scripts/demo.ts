// `make demo`: the story of one real crash. A Debian kernel is booted in QEMU, armed by kbox, killed, recorded by kbox in
// its capture kernel, and explained here by the same commands anybody would type. Nothing of this machine is touched.
import { spawnSync } from 'node:child_process'
import { rmSync } from 'node:fs'
import path from 'node:path'
import { findRuntime } from '../src/host/control/arm.ts'
import { parseKdumpConf } from '../src/host/control/config/kdump_conf.ts'
import { rehearse } from '../src/host/rehearse/rehearse.ts'
import { DEFAULT_KDUMP_CONF } from '../src/host/rehearse/rehearse_options.ts'
import {
  STEP_TEXT,
  type RehearseResult,
  type RehearseStep,
  type StepName,
} from '../src/host/rehearse/rehearse_result.ts'
import { formatRehearseText } from '../src/host/rehearse/rehearse_text.ts'
import { sysrq } from '../src/host/rehearse/scenarios/sysrq.ts'
import { cachePath, findCachedKernel } from './cache.ts'

const SERIES = '6.1'
const MEMORY_BYTES = 512 * 2 ** 20
const CPUS = 2
const CRASHKERNEL = '192M'

async function demo(): Promise<number> {
  const kernel = findCachedKernel(SERIES)
  if (!kernel) {
    console.error(
      `demo: kernel ${SERIES} is not in the cache: run 'make demo', or bin/node scripts/fetch_kernel.ts ${SERIES}`,
    )
    return 1
  }
  const startMs = performance.now()
  buildRuntime()
  heading('A machine to crash, nothing of this one is touched')
  say(
    `QEMU with Debian's kernel ${kernel.release}, ${MEMORY_BYTES / 2 ** 20} MB of memory, ${CPUS} CPUs and crashkernel=${CRASHKERNEL}.`,
  )
  say('Its /etc/kdump.conf says where the dump goes and what it leaves out:')
  for (const line of DEFAULT_KDUMP_CONF.trimEnd().split('\n')) say(`    ${line}`)

  const folder = cachePath('demo')
  rmSync(folder, { recursive: true, force: true })
  const conf = parseKdumpConf(DEFAULT_KDUMP_CONF)
  if (!conf.ok) throw new Error('kbox bug: the default kdump.conf is wrong')
  const result = await rehearse({
    kernel: kernel.vmlinuz,
    modules: kernel.baseDir,
    kdumpConf: DEFAULT_KDUMP_CONF,
    conf: conf.conf,
    memoryBytes: MEMORY_BYTES,
    cpus: CPUS,
    crashkernel: CRASHKERNEL,
    scenario: sysrq,
    runtime: findRuntime(),
    timeoutMs: 600_000,
    keep: folder,
    onStep: showStep,
  })
  if (!result.ok) {
    console.log(`\n${formatRehearseText(result)}`)
    return 1
  }
  explain(folder)
  tellTime(result, performance.now() - startMs)
  heading('Go on yourself')
  say(`bin/kbox crash ${path.join(folder, 'vmcore')}`)
  say("    crash's commands, at a prompt; 'help' lists them")
  say('bin/kbox rehearse --help')
  say('    the same on your own kernel and kdump.conf')
  return 0
}

/** Node, its libraries and kbox as one file: the guest and its capture kernel run from it. */
function buildRuntime(): void {
  const script = path.join(import.meta.dirname, 'build_runtime.ts')
  const { status } = spawnSync(process.execPath, [script, '--if-stale'], {
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  if (status !== 0) throw new Error('the runtime image cannot be built')
}

/** Parts of the story, each told before its first step. */
const CHAPTERS: Partial<Record<StepName, string>> = {
  prepare: 'It boots, works, and is armed',
  crash: 'It dies: echo c > /proc/sysrq-trigger. The capture kernel takes over',
  collect: 'Back on this machine',
}

function showStep(name: StepName, ended: RehearseStep | undefined): void {
  const chapter = CHAPTERS[name]
  if (!ended && chapter !== undefined) heading(chapter)
  const isTerminal = process.stdout.isTTY
  if (ended) {
    const mark = ended.ok ? seconds(ended.ms) : 'FAILED'
    process.stdout.write(`${isTerminal ? '\r' : ''}  ${mark.padStart(7)}  ${STEP_TEXT[name]}\n`)
  } else if (isTerminal) {
    process.stdout.write(`  ${'…'.padStart(7)}  ${STEP_TEXT[name]}`)
  }
}

/** What a person would ask of the dump, in the commands they would type. */
const QUESTIONS: readonly (readonly [question: string, ...command: string[]])[] = [
  ['What happened?', 'report', 'vmcore'],
  ['What else was running?', 'crash', '-s', 'vmcore', '-c', 'ps -u'],
  [
    'What were the last words before the trace?',
    'crash',
    '-s',
    'vmcore',
    '-c',
    "log | grep -B3 -A3 'Kernel panic'",
  ],
]

function explain(folder: string): void {
  heading('The dump, explained without any debuginfo')
  const kbox = path.join(import.meta.dirname, '../bin/kbox')
  for (const [question, ...command] of QUESTIONS) {
    const startMs = performance.now()
    const { stdout, stderr } = spawnSync(kbox, command, {
      cwd: folder,
      encoding: 'utf8',
      maxBuffer: 1 << 26,
    })
    console.log(
      `\n  ${question}\n  $ kbox ${command.map(quote).join(' ')}    (${seconds(performance.now() - startMs)})\n`,
    )
    process.stdout.write(`${stdout}${stderr}`.replace(/^(?=.)/gm, '    '))
  }
}

function tellTime({ steps, capture, dump }: RehearseResult, totalMs: number): void {
  heading('Where the time went')
  const rows = steps.map(({ name, ms }) => [seconds(ms), STEP_TEXT[name]] as const)
  const accounted = steps.reduce((sum, { ms }) => sum + ms, 0)
  rows.push([seconds(totalMs - accounted), 'everything else'], [seconds(totalMs), 'in all'])
  for (const [time, text] of rows) console.log(`  ${time.padStart(7)}  ${text}`)
  if (capture) {
    say(
      `In the capture kernel at least ${Math.floor(capture.memAvailableMinBytes / 2 ** 20)} MB of the ${CRASHKERNEL} stayed free.`,
    )
  }
  if (dump)
    say(
      `The dump has ${(dump.sizeBytes / 1e6).toFixed(1)} MB and opens in ${dump.openMs.toFixed(0)} ms.`,
    )
}

function heading(text: string): void {
  console.log(`\n== ${text}`)
}

function say(text: string): void {
  console.log(`  ${text}`)
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`
}

function quote(word: string): string {
  return /[ |;]/.test(word) ? `"${word}"` : word
}

process.exitCode = await demo()
