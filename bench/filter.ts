// Filtering and compressing one ELF vmcore: kbox against makedumpfile, one thread each, whole processes.
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { measure, printMeasurements } from './measure.ts'
import { peers } from './peers.ts'

const MODES = ['-d 31', '-l -d 31', '-c -d 31', '-z -d 31'] as const

/** Compare all codecs at dump level 31. */
export function benchFilter(vmcore: string): void {
  const folder = mkdtempSync(path.join(tmpdir(), 'kbox-bench-'))
  const output = path.join(folder, 'dump')
  const tools = [{ name: 'kbox', command: 'bin/kbox makedumpfile' }, ...peers('makedumpfile')]
  try {
    for (const mode of MODES) {
      const rows = tools.map(({ name, command }) => {
        rmSync(output, { force: true })
        const row = measure(name, `${command} ${mode} -f --message-level 0 '${vmcore}' '${output}'`)
        const sizeMb = row.failed === '' ? statSync(output).size / 1e6 : NaN
        return { ...row, name: `${name} ${mode}: ${sizeMb.toFixed(1)} MB` }
      })
      printMeasurements(`filter ${vmcore} ${mode}`, rows)
    }
  } finally {
    rmSync(folder, { recursive: true })
  }
}
