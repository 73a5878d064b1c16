// Every command of the registry, each of its flags and examples, on a dump that is damaged just where that command
// looks: words it reads become cycles, garbage or huge counts; or one page in a hundred becomes random bytes. Each
// command ends within seconds, in bounded memory, with output or a problem. New commands join by themselves.
// KBOX_FUZZ_SECONDS=600 goes on for ten minutes a dump; KBOX_FUZZ_FROM begins with another seed.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { describe, test } from 'node:test'
import { text } from 'node:stream/consumers'
import { cachePath } from '../../scripts/cache.ts'
import {
  MEMORY_MAX_MIB,
  type HostileKind,
  type HostileResult,
} from '../support/hostile_commands.ts'

const { KBOX_FUZZ_SECONDS: SECONDS, KBOX_FUZZ_FROM: FROM = '0' } = process.env
const KINDS: readonly HostileKind[] = ['cycles', 'garbage', 'counts', 'pages']
const PROGRAM = new URL('../support/hostile_commands.ts', import.meta.url).pathname
const SEEDS = SECONDS === undefined ? '8' : '1000000'

// Two at a time: a process does nothing but wait for its own CPU.
describe('all commands on a dump that is damaged where they look', { concurrency: 2 }, () => {
  for (const series of ['6.12', 'sid']) {
    const file = cachePath('dumps', series, 'vmcore')
    test(series, { skip: existsSync(file) ? false : `no ${file}` }, async (t) => {
      const { runs, lines, failures, peakMib, slowest } = await run(file)
      t.diagnostic(
        `${runs} runs of ${lines} lines, ${peakMib} MiB at most; ${JSON.stringify(slowest)}`,
      )
      assert.deepEqual(failures, [])
      assert.ok(peakMib < MEMORY_MAX_MIB, `${peakMib} MiB of memory`)
      assert.ok(runs >= 50, `only ${runs} runs`)
    })
  }
})

/** A process of its own: a command that never ends is ended with it, by its watch. */
async function run(file: string): Promise<HostileResult> {
  const args = [
    '--max-old-space-size=1000',
    PROGRAM,
    file,
    KINDS.join(','),
    FROM,
    SEEDS,
    SECONDS ?? '20',
  ]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  const [output, errors] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close'),
  ])
  assert.notEqual(output, '', `no result: ${errors || child.signalCode}`)
  return JSON.parse(output) as HostileResult
}
