// drgn as an oracle: every task's stack, unwound by DWARF of a vmlinux.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'

/** Program counters of every task, as strings: they exceed 2^53. Inlined frames share one; user frames are left out. */
const SCRIPT = `
import json
from drgn.helpers.linux.pid import for_each_task
stacks = {}
for task in for_each_task(prog):
    pcs = []
    try:
        frames = prog.stack_trace(task)
    except Exception:
        frames = []  # a zombie has given its stack back
    for frame in frames:
        if frame.pc >= 1 << 63 and (not pcs or pcs[-1] != str(frame.pc)):
            pcs.append(str(frame.pc))
    stacks[task.pid.value_()] = pcs
print(json.dumps(stacks))
`

/** Unwind every task; program counters by PID. @throws {Error} if drgn does not open the dump */
export function drgnStacks(
  drgn: string,
  vmlinux: string,
  vmcore: string,
): Record<string, string[]> {
  const folder = mkdtempSync(path.join(tmpdir(), 'kbox-drgn-'))
  try {
    const script = path.join(folder, 'stacks.py')
    writeFileSync(script, SCRIPT)
    const output = execFileSync(drgn, ['-q', '-s', vmlinux, '-c', vmcore, script], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
      maxBuffer: 64 * 1024 * 1024,
    })
    return JSON.parse(output)
  } finally {
    rmSync(folder, { recursive: true })
  }
}
