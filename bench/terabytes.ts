// Filtering a simulated machine of terabytes, whole processes, one run each: does memory stay bounded, and how fast is a
// page decided? See test/support/huge_machine.ts for what is simulated.
import fs from 'node:fs'
import path from 'node:path'
import { cachePath } from '../scripts/cache.ts'
import { type HugeCounts, writeHugeMachine } from '../test/support/huge_machine.ts'
import { readRealPieces } from '../test/support/real_pieces.ts'
import { peers } from './peers.ts'
import { type ProcessCost, runCosted } from './process_cost.ts'

const KBOX = path.resolve(import.meta.dirname, '../bin/kbox')
/** A run that takes longer is ended. */
const TIMEOUT_S = Number(process.env.KBOX_BENCH_TIMEOUT_S ?? 900)
const MB = 1e6

/** @param tib memory of the machine in TiB, up to 16; the cache's file system must allow files as long */
export function benchTerabytes(tib: number): void {
  const folder = cachePath('bench')
  fs.mkdirSync(folder, { recursive: true })
  const vmcore = path.join(folder, 'terabytes.vmcore')
  const output = path.join(folder, 'terabytes.dump')
  try {
    const real = readRealPieces()
    const counts = writeHugeMachine(vmcore, tib * 2 ** 40, real)
    const { existing, kept } = counts
    console.log(
      `\nfilter ${tib} TiB: ${existing} frames, ${kept} kept, ${real.length} real patterns (one run each, -z -d 31)\n` +
        '  wall; filter alone, frames a second; peak memory, and beyond that of -v; bytes read (not mapped); size',
    )
    for (const { name, command } of [
      { name: 'kbox', command: [KBOX, 'makedumpfile', '--num-threads', '1'] },
      ...peers('makedumpfile').flatMap(({ name, command }) => [
        { name, command: [command] },
        // Mapped holes of the file fill the page cache, which is slow: the copy of this one compares better.
        { name: `${name} --non-mmap`, command: [command, '--non-mmap'] },
      ]),
    ]) {
      fs.rmSync(output, { force: true })
      const base = runCosted([...command, '-v'], TIMEOUT_S)
      const options = ['-z', '-d', '31', '--message-level', '28']
      const cost = runCosted([...command, ...options, vmcore, output], TIMEOUT_S)
      const size = fs.existsSync(output) ? fs.statSync(output).size : 0
      console.log(`  ${name.padEnd(35)} ${formatCost(cost, base, counts, size)}`)
    }
  } finally {
    fs.rmSync(vmcore, { force: true })
    fs.rmSync(output, { force: true })
  }
}

function formatCost(
  cost: ProcessCost,
  base: ProcessCost,
  counts: HugeCounts,
  size: number,
): string {
  const filterS = stepSeconds(cost.stdout, 'Excluding unnecessary pages')
  const rate = (counts.existing / filterS / MB).toFixed(1)
  const peak = (cost.peakBytes / MB).toFixed(0)
  const beyond = ((cost.peakBytes - base.peakBytes) / MB).toFixed(0)
  return [
    `${(cost.wallMs / 1000).toFixed(1)} s`,
    // Of a run that was ended some lines are missing: makedumpfile filters each piece of memory twice.
    cost.failed === '' ? `${filterS.toFixed(1)} s, ${rate} M/s` : 'filter unknown',
    `${peak} MB, ${beyond} MB beyond`,
    `${(cost.readBytes / 1e9).toFixed(2)} GB read`,
    `${(size / MB).toFixed(0)} MB`,
    ...(cost.failed === '' ? [] : [cost.failed]),
  ].join('; ')
}

/** Seconds of a step of `-D`; makedumpfile prints one line for each piece of memory it works on. */
function stepSeconds(stdout: string, step: string): number {
  const times = stdout.matchAll(/^STEP \[(.*?) *\] : ([\d.]+) seconds$/gm)
  return [...times].reduce(
    (sum, [, name, seconds]) => sum + (name === step ? Number(seconds) : 0),
    0,
  )
}
