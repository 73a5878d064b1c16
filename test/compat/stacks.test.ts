// Every task's stack against drgn's, instruction by instruction. drgn reads DWARF of a vmlinux, kbox reads the dump alone.
// The dump is one that test/vm left in the cache.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { test } from 'node:test'
import { peers } from '../../bench/peers.ts'
import { cachePath, findCachedKernel } from '../../scripts/cache.ts'
import { openKernel } from '../../src/core/kernel/open_kernel.ts'
import { forEachTask } from '../../src/core/kernel/sched.ts'
import { stackTrace } from '../../src/core/kernel/stack.ts'
import { openFileSource } from '../../src/host/platform/file_source.ts'

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

for (const series of ['6.1', '6.12', 'sid']) {
  const vmcore = cachePath('dumps', series, 'vmcore.elf')
  const vmlinux = findCachedKernel(series)?.vmlinux ?? ''
  const drgn = peers('drgn').at(-1)
  const reason = missing({ vmcore, vmlinux, drgn: drgn?.command ?? '' })

  test(`on ${series} every task unwinds to the same addresses as in drgn`, { skip: reason }, () => {
    const theirs = drgnStacks(drgn?.command ?? '', vmlinux, vmcore)
    using source = openFileSource(vmcore)
    const program = openKernel(source)
    let compared = 0
    for (const task of forEachTask(program)) {
      const pid = task.number('pid')
      const { frames } = stackTrace(program, task)
      assert.deepEqual(
        frames.map(({ ip }) => String(ip)),
        theirs[pid],
        `PID ${pid} ${task.string('comm')}`,
      )
      compared++
    }
    assert.equal(compared, Object.keys(theirs).length)
    assert.ok(compared > 20, `only ${compared} tasks`)
  })
}

function drgnStacks(drgn: string, vmlinux: string, vmcore: string): Record<string, string[]> {
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

/** Why the comparison cannot run, or false. */
function missing(files: Record<string, string>): string | false {
  const [name] = Object.entries(files).find(([, file]) => !existsSync(file)) ?? []
  return name === undefined ? false : `no ${name} in the cache`
}
