// Filtering and compressing one ELF vmcore: kbox against makedumpfile, whole processes; one thread each, then two.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { measure, printMeasurements } from './measure.ts'
import { peers } from './peers.ts'

const MODES = ['-d 31', '-l -d 31', '-c -d 31', '-z -d 31', '-z -d 1', '-l -d 1'] as const
/** Threads of makedumpfile are compared in few modes: they take long. */
const THREADED = '-z -d 1'

interface Tool {
  readonly name: string
  readonly command: string
}

/** Compare all codecs at dump level 31, some at 1, and threads. */
export function benchFilter(vmcore: string): void {
  const folder = mkdtempSync(path.join(tmpdir(), 'kbox-bench-'))
  const output = path.join(folder, 'dump')
  const kbox = 'bin/kbox makedumpfile'
  const tools = [{ name: 'kbox', command: `${kbox} --num-threads 1` }, ...peers('makedumpfile')]
  const compare = (mode: string, compared: readonly Tool[]): void => {
    const rows = compared.map(({ name, command }) => {
      rmSync(output, { force: true })
      const row = measure(name, `${command} ${mode} -f --message-level 0 '${vmcore}' '${output}'`)
      const sizeMb = row.failed === '' ? statSync(output).size / 1e6 : NaN
      return { ...row, name: `${name} ${mode}: ${sizeMb.toFixed(1)} MB` }
    })
    printMeasurements(`filter ${vmcore} ${mode}`, rows)
  }
  try {
    for (const mode of MODES) compare(mode, tools)
    compare(THREADED, [
      { name: 'kbox, 1 thread', command: `${kbox} --num-threads 1` },
      { name: 'kbox, 2 threads', command: `${kbox} --num-threads 2` },
      ...peers('makedumpfile').map(({ name, command }) => ({
        name: `${name}, 2 threads`,
        command: `${command} --num-threads 2`,
      })),
    ])
    printFilterRates(vmcore, output, tools)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

const STEP = /^STEP \[(.*?) *\] : ([\d.]+) seconds$/gm
const RUNS = 5

/** Frames a second of the step that looks at the page array, best of some runs: what each program says of itself. */
function printFilterRates(vmcore: string, output: string, tools: readonly Tool[]): void {
  console.log(`\nfilter alone, ${vmcore} -d 31 (${RUNS} runs, best)`)
  for (const { name, command } of tools) {
    const rates = Array.from({ length: RUNS }, () => {
      const text = spawnSync(
        'sh',
        ['-c', `${command} -d 31 -f --message-level 31 '${vmcore}' '${output}' 2>/dev/null`],
        { encoding: 'latin1' },
      ).stdout
      const frames = Number(/^Total pages +: (0x[0-9a-f]+)$/m.exec(text)?.[1] ?? NaN)
      const step = [...text.matchAll(STEP)].find(([, title]) => title?.startsWith('Excluding'))
      return frames / Number(step?.[2]) / 1e6
    })
    console.log(
      `  ${name.padEnd(28)} ${Math.max(...rates)
        .toFixed(0)
        .padStart(5)} M frames/s`,
    )
  }
}
