// Dumps that QEMU made of a guest, against what the guest knew of itself: its dmesg, its /proc, the call trace that its
// kernel printed; and against drgn. They are those that test/vm left in the cache, see test/support/qemu_dump.ts.
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import path from 'node:path'
import { after, describe, test } from 'node:test'
import { peers } from '../../bench/peers.ts'
import { findCachedKernel } from '../../scripts/cache.ts'
import { openKernel } from '../../src/core/kernel/open_kernel.ts'
import { panicCpu, panicMessage, panicTask } from '../../src/core/kernel/panic.ts'
import { forEachCpu, perCpu } from '../../src/core/kernel/percpu.ts'
import { formatLogLines, readLog } from '../../src/core/kernel/printk.ts'
import {
  currentTask,
  EXIT_ZOMBIE,
  forEachTask,
  isKthread,
  runningCpu,
  taskState,
  type Task,
} from '../../src/core/kernel/sched.ts'
import { stackTrace } from '../../src/core/kernel/stack.ts'
import type { Program } from '../../src/core/program/program.ts'
import { frameSymbol } from '../../src/core/program/stack_trace.ts'
import { buildDumpInfo } from '../../src/core/report/dump_info_builder.ts'
import { openFileSource } from '../../src/host/platform/file_source.ts'
import { drgnStacks } from '../support/drgn_oracle.ts'
import { openTruth, type GuestTruth } from '../support/guest_truth.ts'
import { readCallTrace } from '../support/kernel_trace.ts'
import { findQemuDumps, qemuDumpFolder, type QemuDump } from '../support/qemu_dump.ts'

/** The kernel's own workers come and go whatever stands still. */
const KWORKER = /^kworker\//
/** Lowest address of the kernel's half on x86_64. */
const KERNEL_START = 0xffff_8000_0000_0000n

for (const series of ['6.1', '6.12']) {
  const made = findQemuDumps(series)
  const folder = qemuDumpFolder(series)
  const skip = made ? false : `no ${folder}: npm run vm makes it`
  describe(`dumps of ${series} by QEMU`, { skip }, () => {
    if (!made) return
    const truth = openTruth(folder)
    for (const dump of made.dumps) {
      const file = path.join(folder, dump.file)
      describe(`${dump.moment}, ${dump.format}`, () => {
        let program: Program | undefined
        // Once: a dump without VMCOREINFO is searched for it.
        const open = (): Program => (program ??= openKernel(openFileSource(file)))
        after(() => program?.dump[Symbol.dispose]())
        testDump(open, dump, truth)
        if (dump.moment === 'panic') testPanic(open)
        if (dump.file === 'live.elf') testDrgn(open, series, file)
      })
    }
    testKcore(truth)
  })
}

type Open = () => Program

function testDump(open: Open, { moment, format }: QemuDump, truth: GuestTruth): void {
  test('the log begins with what dmesg printed', () => {
    const program = open()
    const ours = logLines(program)
    const theirs = lines(truth.read(moment === 'plain' ? 'plain/dmesg' : 'dmesg'))
    assert.ok(theirs.length > 200, `dmesg has ${theirs.length} lines`)
    assert.deepEqual(ours.slice(0, theirs.length), theirs)
  })

  test("the tasks are those of the guest's /proc", () => {
    const program = open()
    const ours = [...forEachTask(program)]
      .filter((task) => !KWORKER.test(task.string('comm')))
      .map((task) => task.number('pid'))
    const theirs = snapshotTids(truth.read(moment === 'plain' ? 'plain/snapshot' : 'snapshot'))
    assert.ok(theirs.length > 50, `only ${theirs.length} tasks`)
    assert.deepEqual(ours.toSorted(byNumber), theirs)
  })

  test('every stack ends where it should', () => {
    const program = open()
    for (const task of living(program)) {
      const { end, why, frames } = stackTrace(program, task)
      const name = `${task.string('comm')} (${task.number('pid')})`
      assert.equal(end, isKthread(task) ? 'end' : 'user', `${name}: ${why}`)
      if (runningCpu(program, task) === undefined && moment !== 'panic')
        assert.ok(frames.length > 0, name)
    }
  })

  test("the file is told to be QEMU's, and whole, whatever phys_base it has", () => {
    const { dump } = open()
    const info = buildDumpInfo(dump, 0)
    assert.deepEqual([info.maker.tool, info.maker.command.split(' ').at(-1)], ['QEMU', format])
    assert.equal(info.kernel.problem, '')
    assert.deepEqual([info.kernel.nodename, info.kernel.machine], ['kbox-guest', 'x86_64'])
    assert.ok(info.completeness.complete, info.completeness.reason)
    assert.equal(info.vmcoreinfo?.found, moment === 'plain' ? 'memory' : 'note')
    assert.equal(info.notes.cpus, 2)
  })
}

function testPanic(open: Open): void {
  test('the panic backtrace equals the one the kernel printed', () => {
    const program = open()
    const task = panicTask(program)
    assert.ok(task)
    assert.equal(task.string('comm'), 'rehearsal')
    assert.equal(panicMessage(program), 'Kernel panic - not syncing: sysrq triggered crash')
    // The guest saw to it: with CPU 0 stopped, the first note is not that of the first CPU online.
    assert.equal(panicCpu(program), 1)
    const ours = stackTrace(program, task).frames.map((frame) => {
      const found = frameSymbol(program, frame)
      return {
        name: found?.symbol.name ?? '',
        offset: Number(found?.offset ?? 0n),
        module: found?.symbol.module ?? '',
      }
    })
    const theirs = readCallTrace(logLines(program).join('\n'))
    const behindPanic = <T extends { name: string }>(list: readonly T[]): T[] => {
      const at = list.findIndex(({ name }) => name === 'panic')
      assert.ok(at >= 0, list.map(({ name }) => name).join(' '))
      return list.slice(at + 1)
    }
    assert.deepEqual(behindPanic(ours), behindPanic(theirs))
    assert.ok(behindPanic(theirs).length >= 5)
  })
}

function testDrgn(open: Open, series: string, vmcore: string): void {
  // Debian 12's cannot translate addresses of QEMU's dumps.
  const drgn = peers('drgn').find(({ name }) => name.includes('sid'))
  const vmlinux = findCachedKernel(series)?.vmlinux ?? ''
  const reason = !drgn
    ? 'no drgn of sid: scripts/fetch_peers.ts'
    : existsSync(vmlinux)
      ? false
      : `no vmlinux of ${series}: scripts/fetch_kernel.ts --dbg`

  test('every task unwinds to the same addresses as in drgn', { skip: reason }, () => {
    const theirs = drgnStacks(drgn?.command ?? '', vmlinux, vmcore)
    const switching = tasksBeingSwitched(open())
    let compared = 0
    for (const task of living(open())) {
      if (switching.has(task.address)) continue
      const pid = task.number('pid')
      const ours = stackTrace(open(), task).frames.map(({ ip }) => String(ip))
      // QEMU's PT_LOADs have p_vaddr = p_paddr: at the end of a stack drgn goes on by what it finds at address 0.
      const others = theirs[pid]?.filter((pc) => BigInt(pc) >= KERNEL_START)
      assert.deepEqual(ours, others, `PID ${pid} ${task.string('comm')}`)
      compared++
    }
    assert.ok(compared > 50, `only ${compared} tasks`)
  })
}

function testKcore(truth: GuestTruth): void {
  test('in the guest, kbox reads the running kernel out of /proc/kcore', () => {
    assert.equal(truth.read('kcore/crash.code'), '0\n', truth.read('kcore/crash.txt'))
    const dmesg = lines(truth.read('kcore/dmesg'))
    assert.ok(dmesg.length > 200, `dmesg has ${dmesg.length} lines`)
    assert.deepEqual(lines(truth.read('kcore/log')).slice(0, dmesg.length), dmesg)
    const ps = lines(truth.read('kcore/ps')).map((line) => line.replace(/^>/, '').trim())
    const ours = new Set(ps.map((line) => Number(line.split(/\s+/)[0])))
    for (const tid of snapshotTids(truth.read('plain/snapshot'))) {
      // The shell that took the snapshot has ended, and node's threads may have.
      if (truth.tasks.has(tid)) assert.ok(ours.has(tid), `task ${tid} is missing`)
    }
  })

  test('in the guest, the current task is the kbox that looks', () => {
    assert.match(truth.read('kcore/set'), /COMMAND: "(node|MainThread|kbox)"/)
    assert.match(truth.read('kcore/set'), /STATE: .*\(ACTIVE\)/)
    assert.match(truth.read('kcore/files'), /REG  \/proc\/kcore/)
  })

  test('in the guest, the modules are those of /proc/modules', () => {
    const theirs = lines(truth.read('kcore/modules')).map((line) => line.split(' ')[0])
    const ours = lines(truth.read('kcore/mod'))
      .slice(1)
      .map((line) => line.trim().split(/\s+/)[1])
    assert.ok(theirs.length > 2)
    assert.deepEqual(new Set(ours), new Set(theirs))
  })

  test('in the guest, a command sees what has changed since the one before', () => {
    const sleeps = (name: string): number =>
      lines(truth.read(`kcore/${name}`)).filter((line) => line.endsWith(' sleep')).length
    assert.equal(sleeps('later'), sleeps('ps') + 1)
  })

  const without = truth.read('kcore/mem-usage.txt').includes('not supported')
  const skip = without ? 'this kbox has no --mem-usage' : false
  test('in the guest, makedumpfile --mem-usage counts pages of /proc/kcore', { skip }, () => {
    assert.equal(truth.read('kcore/mem-usage.code'), '0\n', truth.read('kcore/mem-usage.txt'))
    assert.match(truth.read('kcore/mem-usage.txt'), /^FREE\s+\d+/m)
  })
}

/**
 * A machine stopped at any moment may be in __schedule(), where rq->curr is the next task and the CPU is still on the stack
 * of the one before. drgn goes by rq->curr, and gives the CPU's registers to the task that has not begun.
 */
function tasksBeingSwitched(program: Program): Set<bigint> {
  return new Set(
    forEachCpu(program, 'online').flatMap((cpu) => {
      const { address } = perCpu(program, 'runqueues', cpu, 'struct rq').get('curr').deref()
      const current = currentTask(program, cpu).address
      return address === current ? [] : [address, current]
    }),
  )
}

/** Tasks that have a stack: the dead have given theirs back. */
function living(program: Program): Task[] {
  return [...forEachTask(program)].filter((task) => (taskState(task) & EXIT_ZOMBIE) === 0)
}

function logLines(program: Program): string[] {
  return [...readLog(program.memory, program.info)].flatMap(formatLogLines)
}

/** Threads of a snapshot, `PID` and a line of /proc/PID/task/TID/stat each. */
function snapshotTids(snapshot: string): number[] {
  return lines(snapshot)
    .map((line) => /^\d+ (\d+) \((.*)\) /.exec(line))
    .flatMap((match) => (match && !KWORKER.test(match[2] ?? '') ? [Number(match[1])] : []))
    .toSorted(byNumber)
}

const byNumber = (a: number, b: number): number => a - b

const lines = (text: string): string[] => text.split('\n').filter((line) => line !== '')
