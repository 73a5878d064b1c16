// The whole road, in a virtual machine, on the kernels of Debian 12: armed, crashed and recorded by kbox, then measured
// against what the guest wrote down about itself a moment before it died.
import assert from 'node:assert/strict'
import {
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  copyFileSync,
} from 'node:fs'
import path from 'node:path'
import { before, describe, test } from 'node:test'
import { cachePath, findCachedKernel } from '../../scripts/cache.ts'
import { openKernel } from '../../src/core/kernel/open_kernel.ts'
import { panicMessage, panicTask } from '../../src/core/kernel/panic.ts'
import { formatLogLines, readLog } from '../../src/core/kernel/printk.ts'
import {
  EXIT_ZOMBIE,
  forEachTask,
  isKthread,
  runningCpu,
  taskState,
} from '../../src/core/kernel/sched.ts'
import { stackTrace } from '../../src/core/kernel/stack.ts'
import type { Program } from '../../src/core/program/program.ts'
import { frameSymbol } from '../../src/core/program/stack_trace.ts'
import { openFileSource } from '../../src/host/platform/file_source.ts'
import { rehearse } from '../../src/host/rehearse/rehearse.ts'
import { DEFAULT_ARM } from '../../src/host/rehearse/rehearse_options.ts'
import type { RehearseResult } from '../../src/host/rehearse/rehearse_result.ts'
import { formatRehearseText } from '../../src/host/rehearse/rehearse_text.ts'
import { UNLESS_WHOLE } from '../support/extent.ts'
import { openTruth } from '../support/guest_truth.ts'
import { readCallTrace } from '../support/kernel_trace.ts'
import { rehearseOptions } from '../support/rehearsals.ts'

/** TASK_COMM_LEN without the NUL; /proc shows a kernel thread's full name. */
const COMM_LENGTH = 15

for (const series of ['6.1', '6.12', 'sid']) {
  // The newer ones are tried in a whole run, Debian's newest where somebody has fetched it; raw_dump crashes and records
  // them in every run, and test/compat measures those against their truth.
  const skip = series !== '6.1' && (findCachedKernel(series) ? UNLESS_WHOLE : 'not fetched')
  describe(`the road on ${series} with crashkernel=192M`, { skip }, () => {
    // Kept for a look afterwards; each run makes it anew.
    const folder = cachePath('dumps', `${series}-road`)
    const at = (name: string): string => path.join(folder, name)
    // On one kernel the crash is the one that `kbox test` waits for.
    const isTest = series === '6.1'
    let result: RehearseResult

    before(async () => {
      rmSync(folder, { recursive: true, force: true })
      // A doctor who has findings fails, and so does the step.
      const test = isTest ? [['kbox', 'test', '--no-crash']] : []
      const arm = [...DEFAULT_ARM, ['kbox', 'doctor'], ...test]
      result = await rehearse({ ...rehearseOptions(series), arm, keep: folder })
    })

    test('every step goes well', () => {
      assert.ok(result.ok, formatRehearseText(result))
      assert.equal(result.end, 'reset')
    })

    test('the folder holds the dump, both logs and the manifest, for root only, and nothing unfinished', () => {
      const names = readdirSync(folder).filter((name) => /^(vmcore|kexec|kbox|\.)/.test(name))
      assert.deepEqual(names.sort(), ['kbox.json', 'kexec-dmesg.log', 'vmcore', 'vmcore-dmesg.txt'])
      for (const name of names) assert.equal(statSync(at(name)).mode & 0o777, 0o600, name)
    })

    test('the manifest has the id of the test, if it was one', () => {
      const { testId } = JSON.parse(readFileSync(at('kbox.json'), 'utf8')) as { testId?: string }
      assert.match(testId ?? 'none', isTest ? /^\d+-\d{9}$/ : /^none$/)
    })

    test('the capture kernel keeps memory in reserve', () => {
      assert.ok(result.capture?.complete)
      const { memAvailableMinBytes } = result.capture
      assert.ok(memAvailableMinBytes > 20 * 2 ** 20, `${memAvailableMinBytes} bytes at the lowest`)
    })

    test('the dump lists exactly the threads that the guest had, under their names', () => {
      const truth = openTruth(folder)
      withDump(at('vmcore'), (program) => {
        const found = [...forEachTask(program)].map((task) => {
          return [task.number('pid'), task.number('tgid'), task.string('comm')]
        })
        const isKernelThread = new Map(
          [...forEachTask(program)].map((task) => [task.number('pid'), isKthread(task)]),
        )
        const expected = [...truth.tasks.values()].map(({ tid, tgid, comm }) => {
          return [tid, tgid, isKernelThread.get(tid) ? comm.slice(0, COMM_LENGTH) : comm]
        })
        const byTid = (a: unknown[], b: unknown[]): number => Number(a[0]) - Number(b[0])
        assert.ok(expected.length > 60, `only ${expected.length} threads in the truth`)
        assert.deepEqual(found.sort(byTid), expected.sort(byTid))
      })
    })

    test('the panic backtrace equals the one the kernel printed', () => {
      const printed = readCallTrace(readFileSync(at('vmcore-dmesg.txt'), 'utf8'))
      withDump(at('vmcore'), (program) => {
        const frames = panicFrames(program)
        assert.equal(frames[0]?.name, '__crash_kexec')
        const from = <T extends { name: string }>(list: readonly T[]): T[] =>
          list.slice(list.findIndex(({ name }) => name === 'panic'))
        const [ourPanic, ...ours] = from(frames)
        const [theirPanic, ...theirs] = from(printed)
        // panic() printed its trace from one place and left for the capture kernel from another.
        assert.equal(ourPanic?.name, theirPanic?.name)
        assert.deepEqual(ours, theirs)
        assert.ok(theirs.length >= 5, `the kernel printed ${theirs.length} frames`)
      })
    })

    test('every stack ends where it should, in user mode or at the start of a kernel thread', () => {
      withDump(at('vmcore'), (program) => {
        for (const task of forEachTask(program)) {
          // The dead have given their stack back.
          if ((taskState(task) & EXIT_ZOMBIE) !== 0) continue
          const { end, why, frames } = stackTrace(program, task)
          const name = `${task.string('comm')} (${task.number('pid')})`
          assert.equal(end, isKthread(task) ? 'end' : 'user', `${name}: ${why}`)
          for (const { quality } of frames) assert.notEqual(quality, 'guess', name)
          // One that ran in user mode when the machine died has no kernel stack.
          if (runningCpu(program, task) === undefined) assert.ok(frames.length > 0, name)
        }
      })
    })

    test('vmcore-dmesg.txt is the log that the dump holds', () => {
      withDump(at('vmcore'), (program) => {
        const lines = [...readLog(program.memory, program.info)].flatMap(formatLogLines)
        assert.equal(readFileSync(at('vmcore-dmesg.txt'), 'utf8'), `${lines.join('\n')}\n`)
      })
    })

    test('the guest that died says why, and who did it', () => {
      withDump(at('vmcore'), (program) => {
        assert.equal(panicMessage(program), 'Kernel panic - not syncing: sysrq triggered crash')
        assert.equal(panicTask(program)?.string('comm'), 'rehearsal')
      })
    })

    for (const percent of [85, 95]) {
      test(`cut at ${percent} % of its length the dump opens, with its log and the panic task's stack`, () => {
        const cut = at(`cut-${percent}`)
        copyFileSync(at('vmcore'), cut)
        truncateSync(cut, Math.floor((statSync(cut).size * percent) / 100))
        const whole = withDump(at('vmcore'), panicFrames)
        withDump(cut, (program) => {
          assert.ok(program.dump.incomplete, 'the dump knows that it is cut')
          const lines = [...readLog(program.memory, program.info)].flatMap(formatLogLines)
          assert.equal(`${lines.join('\n')}\n`, readFileSync(at('vmcore-dmesg.txt'), 'utf8'))
          assert.deepEqual(panicFrames(program), whole)
        })
        rmSync(cut)
      })
    }

    test('the truth and the console are kept beside the dump', () => {
      for (const name of ['truth/modules', 'truth/mounts', 'console.log', 'rehearsal.json'])
        assert.ok(existsSync(at(name)), name)
    })
  })
}

function withDump<T>(file: string, look: (program: Program) => T): T {
  using source = openFileSource(file)
  return look(openKernel(source))
}

function panicFrames(program: Program): { name: string; offset: number; module: string }[] {
  const task = panicTask(program)
  assert.ok(task)
  return stackTrace(program, task).frames.map((frame) => {
    const found = frameSymbol(program, frame)
    return {
      name: found?.symbol.name ?? '',
      offset: Number(found?.offset ?? 0n),
      module: found?.symbol.module ?? '',
    }
  })
}
