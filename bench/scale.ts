// Twenty thousand tasks and a hundred thousand open files: what the commands that walk them all take. CPU time and peak
// memory of whole processes, so that a busy machine changes little; `ps` is the cost of opening and listing, which
// the others have as well.
//   bin/node bench/scale.ts [SERIES]      makes the dump first unless it is in the cache: some minutes
import { spawnSync } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { makeScaleDump } from '../test/support/scale_dump.ts'

/** What issue 4 allows. */
const FRAME_MICROSECONDS_MAX = 20
const RSS_GROWTH_MAX_MB = 300

const LINES = [
  'ps',
  'ps -a',
  'foreach bt',
  'foreach files',
  'foreach vm',
  'kmem -s',
  'kmem -i',
  'net -s',
  'foreach sig',
]

interface Run {
  readonly cpuSeconds: number
  readonly rssMb: number
  readonly output: string
  readonly failed: boolean
}

function run(vmcore: string, line: string, folder: string): Run {
  const file = path.join(folder, 'output')
  const fd = openSync(file, 'w')
  const command = ['bin/kbox', 'crash', '-s', '-c', line, vmcore]
  const { status, stderr } = spawnSync('/usr/bin/time', ['-f', '%U %S %M', ...command], {
    stdio: ['ignore', fd, 'pipe'],
    encoding: 'utf8',
  })
  closeSync(fd)
  const numbers = /^([\d.]+) ([\d.]+) (\d+)$/m.exec(stderr) ?? []
  return {
    cpuSeconds: Number(numbers[1]) + Number(numbers[2]),
    rssMb: Number(numbers[3]) / 1024,
    output: readFileSync(file, 'latin1'),
    failed: status !== 0,
  }
}

const count = (text: string, pattern: RegExp): number => (text.match(pattern) ?? []).length

const vmcore = path.join(await makeScaleDump(process.argv[2] ?? '6.12'), 'vmcore')
const folder = mkdtempSync(path.join(os.tmpdir(), 'kbox-scale-'))
try {
  const base = run(vmcore, 'ps', folder)
  const tasks = count(base.output, /^[> ] *\d+/gm)
  console.log(`${vmcore}: ${tasks} tasks`)
  for (const line of LINES) {
    const { cpuSeconds, rssMb, output, failed } = run(vmcore, line, folder)
    const lines = count(output, /\n/g)
    const numbers = `${cpuSeconds.toFixed(2).padStart(7)} s CPU ${rssMb.toFixed(0).padStart(5)} MB ${String(lines).padStart(8)} lines`
    console.log(`  ${line.padEnd(14)}${failed ? '  failed' : numbers}`)
    if (line !== 'foreach bt') continue
    const frames = count(output, /^ #\d+ /gm)
    const microseconds = ((cpuSeconds - base.cpuSeconds) * 1e6) / frames
    const growth = rssMb - base.rssMb
    const verdict =
      microseconds <= FRAME_MICROSECONDS_MAX && growth <= RSS_GROWTH_MAX_MB ? 'good' : 'TOO MUCH'
    console.log(
      `    ${frames} frames, ${microseconds.toFixed(1)} us each above ps (at most ${FRAME_MICROSECONDS_MAX}), ` +
        `${growth.toFixed(0)} MB more (at most ${RSS_GROWTH_MAX_MB}): ${verdict}`,
    )
  }
} finally {
  rmSync(folder, { recursive: true })
}
