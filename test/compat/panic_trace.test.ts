// Every dump in the cache, of whatever kernel: the panic task's stack is what the kernel printed when it died, and every
// other stack ends where stacks end. Kernels with unwind tables and with frame pointers are among them.
import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, test } from 'node:test'
import { cachePath } from '../../scripts/cache.ts'
import { openKernel } from '../../src/core/kernel/open_kernel.ts'
import { panicTask } from '../../src/core/kernel/panic.ts'
import { EXIT_ZOMBIE, forEachTask, isKthread, taskState } from '../../src/core/kernel/sched.ts'
import { stackTrace } from '../../src/core/kernel/stack.ts'
import { frameSymbol } from '../../src/core/program/stack_trace.ts'
import { openFileSource } from '../../src/host/platform/file_source.ts'
import { readCallTrace } from '../support/kernel_trace.ts'

const folders = existsSync(cachePath('dumps')) ? readdirSync(cachePath('dumps')) : []

for (const name of folders) {
  const vmcore = cachePath('dumps', name, 'vmcore')
  const log = cachePath('dumps', name, 'vmcore-dmesg.txt')
  if (![vmcore, log].every((file) => existsSync(file))) continue
  // What the kernel of a machine with 20,000 tasks printed is not kept.
  describe(path.join('dumps', name), () => {
    test("the panic task's stack is the one the kernel printed", () => {
      const program = openKernel(openFileSource(vmcore))
      const task = panicTask(program)
      assert.ok(task)
      const ours = stackTrace(program, task).frames.map((frame) => {
        const found = frameSymbol(program, frame)
        return `${found?.symbol.name}+0x${found?.offset.toString(16)}`
      })
      const theirs = readCallTrace(readFileSync(log, 'utf8')).map(
        (frame) => `${frame.name}+0x${frame.offset.toString(16)}`,
      )
      assert.ok(theirs.length >= 5, `the kernel printed ${theirs.length} frames`)
      assert.deepEqual(belowPanic(ours), belowPanic(theirs))
    })

    test('every stack ends in user mode or at the start of a kernel thread', () => {
      const program = openKernel(openFileSource(vmcore))
      for (const task of forEachTask(program)) {
        if ((taskState(task) & EXIT_ZOMBIE) !== 0) continue
        const { end, why } = stackTrace(program, task)
        const who = `${task.string('comm')} (${task.number('pid')})`
        assert.equal(end, isKthread(task) ? 'end' : 'user', `${who}: ${why}`)
      }
    })
  })
}

/** panic() printed its trace from one place and left for the capture kernel from another. */
function belowPanic(frames: readonly string[]): readonly string[] {
  const panic = frames.findIndex((frame) => /^v?panic\+/.test(frame))
  assert.ok(panic >= 0, frames.join(' '))
  const below = frames.slice(panic + 1)
  return below[0]?.startsWith('panic+') ? below.slice(1) : below
}
