// Every task's stack against drgn's, instruction by instruction. drgn reads DWARF of a vmlinux, kbox reads the dump alone.
// The dump is one that test/vm left in the cache.
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { test } from 'node:test'
import { peers } from '../../bench/peers.ts'
import { cachePath, findCachedKernel } from '../../scripts/cache.ts'
import { openKernel } from '../../src/core/kernel/open_kernel.ts'
import { forEachTask } from '../../src/core/kernel/sched.ts'
import { stackTrace } from '../../src/core/kernel/stack.ts'
import { openFileSource } from '../../src/host/platform/file_source.ts'
import { drgnStacks } from '../support/drgn_oracle.ts'

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

/** Why the comparison cannot run, or false. */
function missing(files: Record<string, string>): string | false {
  const [name] = Object.entries(files).find(([, file]) => !existsSync(file)) ?? []
  return name === undefined ? false : `no ${name} in the cache`
}
