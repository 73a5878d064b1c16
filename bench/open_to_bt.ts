// From a vmcore on disk to the backtrace of the panic task: whole processes, same file, same run.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { measure, printMeasurements } from './measure.ts'
import { peers } from './peers.ts'

/** Backtrace of the panic task in drgn: crashed_thread() came with 0.0.23. */
const DRGN_SCRIPT = `
try:
    print(prog.crashed_thread().stack_trace())
except AttributeError:
    print(prog.stack_trace(prog['panic_cpu'].counter and 1 or 1))
`

/** @param vmlinux the kernel with DWARF that the others need */
export function benchOpenToBt(vmcore: string, vmlinux: string): void {
  const folder = mkdtempSync(path.join(tmpdir(), 'kbox-bench-'))
  try {
    const crashScript = path.join(folder, 'crash')
    const drgnScript = path.join(folder, 'bt.py')
    writeFileSync(crashScript, 'bt\nquit\n')
    writeFileSync(drgnScript, DRGN_SCRIPT)
    printMeasurements(`open ${vmcore}, bt of the panic task`, [
      measure('kbox crash -c bt', `bin/kbox crash -s '${vmcore}' -c bt`),
      ...peers('drgn').map(({ name, command }) =>
        measure(name, `'${command}' -q -s '${vmlinux}' -c '${vmcore}' '${drgnScript}'`),
      ),
      ...peers('crash').map(({ name, command }) =>
        measure(name, `'${command}' -s -i '${crashScript}' '${vmlinux}' '${vmcore}'`),
      ),
    ])
  } finally {
    rmSync(folder, { recursive: true })
  }
}
