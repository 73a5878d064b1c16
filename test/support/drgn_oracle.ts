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
  return JSON.parse(runScript(drgn, vmlinux, vmcore, SCRIPT))
}

/** Every helper at hand, as in drgn's own prompt; what a script raises is its answer. */
const PREAMBLE = `
import json, sys, traceback
import drgn
from drgn import *
from drgn.helpers.common import *
from drgn.helpers.linux import *
def kbox_answer(script):
    names = dict(globals())
    try:
        exec(script, names)
        return {"result": names["result"]}
    except Exception:
        return {"raised": traceback.format_exc(limit=-3)}
`

/**
 * Run pieces of Python, each of which leaves `result`, in one session.
 *
 * @returns results in their order; an Error for a piece that raised
 */
export function runDrgn(
  drgn: string,
  vmlinux: string,
  vmcore: string,
  scripts: readonly string[],
): unknown[] {
  const answers: readonly { result?: unknown; raised?: string }[] = JSON.parse(
    runScript(
      drgn,
      vmlinux,
      vmcore,
      `${PREAMBLE}\nprint(json.dumps([kbox_answer(s) for s in json.loads(${JSON.stringify(JSON.stringify(scripts))})], default=int))\n`,
    ),
  )
  return answers.map(({ result, raised }) => (raised === undefined ? result : new Error(raised)))
}

function runScript(drgn: string, vmlinux: string, vmcore: string, text: string): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'kbox-drgn-'))
  try {
    const script = path.join(folder, 'script.py')
    writeFileSync(script, text)
    return execFileSync(drgn, ['-q', '-s', vmlinux, '-c', vmcore, script], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
      maxBuffer: 256 * 1024 * 1024,
    })
  } finally {
    rmSync(folder, { recursive: true })
  }
}
