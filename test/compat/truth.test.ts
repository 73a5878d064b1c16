// A dump against the guest's own /proc from a moment before the crash: nobody else's tool is in between.
// The dumps are those that test/vm left in the cache. What moved since is named below; all else must be equal.
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { describe, test } from 'node:test'
import { cachePath } from '../../scripts/cache.ts'
import { dPath, mountPath } from '../../src/core/kernel/dcache.ts'
import { filePath, forEachFile, taskCwd, taskRoot } from '../../src/core/kernel/fs.ts'
import { taskName } from '../../src/core/kernel/kthread.ts'
import { forEachVma, mmRss, mmTotalVm, taskMm, taskRss, type Mm } from '../../src/core/kernel/mm.ts'
import { totalramPages } from '../../src/core/kernel/mmzone.ts'
import { forEachModule, moduleRanges } from '../../src/core/kernel/module.ts'
import {
  forEachMount,
  mountDevname,
  mountNamespace,
  mountType,
} from '../../src/core/kernel/mount.ts'
import { openKernel } from '../../src/core/kernel/open_kernel.ts'
import { panicTask } from '../../src/core/kernel/panic.ts'
import { percpuCounterReadPositive } from '../../src/core/kernel/percpu_counter.ts'
import { formatLogLines, readLog } from '../../src/core/kernel/printk.ts'
import {
  findTask,
  forEachTask,
  isKthread,
  taskStateName,
  type Task,
} from '../../src/core/kernel/sched.ts'
import { parentTask } from '../../src/core/kernel/task_parent.ts'
import { coarseBoottimeNsec, coarseRealtimeNsec } from '../../src/core/kernel/timekeeping.ts'
import { utsname } from '../../src/core/kernel/uts.ts'
import type { Program } from '../../src/core/program/program.ts'
import { openFileSource } from '../../src/host/platform/file_source.ts'
import { readProcTruth, type ProcTruth, type TruthTask } from '../support/proc_truth.ts'

/** The last file was read less than this before the crash, in seconds of the guest. */
const WINDOW_SECONDS = 60
/** Workers of the kernel come, go and change names and hands all the time. */
const KWORKER = /^kworker\//

for (const series of ['5.10', '6.1', '6.12', 'sid', '6.1-road', '6.12-road']) {
  const vmcore = ['vmcore', 'vmcore.elf']
    .map((name) => cachePath('dumps', series, name))
    .find((file) => existsSync(file))
  const folder = cachePath('dumps', series, 'truth')
  const reason = missing(vmcore, folder)

  describe(`a ${series} dump against the guest's /proc`, { skip: reason }, () => {
    if (reason !== false || vmcore === undefined) return
    const source = openFileSource(vmcore)
    const program = openKernel(source)
    const truth = readProcTruth(folder)
    testTasks(program, truth)
    testMemory(program, truth)
    testFiles(program, truth)
    testMachine(program, truth)
  })
}

function missing(vmcore: string | undefined, folder: string): string | false {
  if (vmcore === undefined) return `no dump in ${cachePath('dumps')}: run test/vm first`
  return existsSync(folder) ? false : `no ${folder}: the dump was made without its truth`
}

interface Pair {
  readonly task: Task
  readonly before: TruthTask
}

/** Tasks of both. Workers of the kernel take another name with each work. */
function pairs(program: Program, truth: ProcTruth): Pair[] {
  const tasks = new Map(Array.from(forEachTask(program), (task) => [task.number('pid'), task]))
  return truth.tasks.flatMap((before) => {
    const task = tasks.get(before.pid)
    return task && !KWORKER.test(before.comm) ? [{ task, before }] : []
  })
}

/** Those that have not run since /proc was read, nor have their threads: nothing of theirs can have changed. */
function settledPairs(program: Program, truth: ProcTruth): Pair[] {
  const both = pairs(program, truth)
  const moved = both.filter(({ task, before }) => {
    const switches = task.number('nvcsw') + task.number('nivcsw')
    return switches !== before.switches || before.state === 'R' || taskStateName(task) === 'RU'
  })
  const groups = new Set(moved.map(({ before }) => before.tgid))
  return both.filter(({ before }) => !groups.has(before.tgid))
}

/** Those that keep their files: not who saved /proc and then crashed, nor the shell that started it. */
function quietPairs(program: Program, truth: ProcTruth): Pair[] {
  const recorder = panicTask(program)?.number('tgid')
  return pairs(program, truth).filter(({ before }) => before.tgid !== recorder && before.pid !== 1)
}

function testTasks(program: Program, truth: ProcTruth): void {
  test('every task is there, and no other', () => {
    const tasks = new Map(Array.from(forEachTask(program), (task) => [task.number('pid'), task]))
    const gone = truth.tasks.filter(({ pid }) => !tasks.has(pid))
    assert.deepEqual(
      gone.map(({ comm }) => comm).filter((comm) => !mayComeAndGo(comm)),
      [],
    )
    const known = new Set(truth.tasks.map(({ pid }) => pid))
    const born = [...tasks.values()].filter((task) => !known.has(task.number('pid')))
    assert.deepEqual(
      born.map((task) => taskName(task)).filter((comm) => !mayComeAndGo(comm)),
      [],
    )
    assert.ok(gone.length + born.length <= 8, `${gone.length} gone, ${born.length} new`)
    assert.ok(pairs(program, truth).length > 40, 'too few tasks to mean anything')
  })

  test('process, parent, name and kind of every task are equal', () => {
    const settled = new Set(settledPairs(program, truth).map(({ before }) => before.pid))
    for (const { task, before } of pairs(program, truth)) {
      // A process that ran may have become another program meanwhile.
      if (!settled.has(before.pid) && !isKthread(task)) continue
      const name = taskName(task)
      const ours = {
        tgid: task.number('tgid'),
        ppid: parentTask(task).number('tgid'),
        // /proc of older kernels cuts the names of workqueue rescuers.
        comm: before.comm.length === 15 ? name.slice(0, 15) : name,
        kthread: isKthread(task),
      }
      const theirs = {
        tgid: before.tgid,
        ppid: before.ppid,
        comm: before.comm,
        kthread: before.vmSizeKib === undefined,
      }
      assert.deepEqual(ours, theirs, `PID ${before.pid}`)
    }
  })

  test('a task that slept sleeps, one that was stopped is stopped', () => {
    const letters: Record<string, string> = { S: 'IN', D: 'UN', I: 'ID', T: 'ST', t: 'TR', Z: 'ZO' }
    for (const { task, before } of settledPairs(program, truth)) {
      assert.equal(taskStateName(task), letters[before.state], `PID ${before.pid}`)
    }
  })
}

/** The guest's shell loops sleep a second at most; the kernel makes and ends workers as it likes. */
const mayComeAndGo = (comm: string): boolean => comm === 'sleep' || KWORKER.test(comm)

/** Between the truth and the crash. */
const SWAPPED_MEANWHILE_KIB = 64

function testMemory(program: Program, truth: ProcTruth): void {
  const kib = program.info.pageSize / 1024

  test('sizes of every address space are equal', () => {
    for (const pair of settledPairs(program, truth)) {
      const mm = taskMm(pair.task)
      if (!mm) continue
      assert.equal(mmTotalVm(mm) * kib, pair.before.vmSizeKib, `VmSize of PID ${pair.before.pid}`)
    }
  })

  test('resident memory is what /proc said, once in the way /proc counts', () => {
    for (const pair of settledPairs(program, truth)) {
      const mm = taskMm(pair.task)
      const { pid, vmRssKib } = pair.before
      if (!mm) continue
      // /proc shows what its counters have in common, and in newer kernels their exact sum. Threads of old kernels
      // and CPUs of newer ones hold back up to 64 faults, of up to 16 pages each: taskRss() knows them.
      const counted = [commonRss(mm), mmRss(mm)].map((pages) => pages * kib)
      const exact = taskRss(pair.task) * kib
      // A guest that is short of memory swaps on while it is looked at: a few pages may have gone, none have come.
      const gone = counted.map((size) => (vmRssKib ?? -1) - size)
      assert.ok(
        gone.some((size) => size >= 0 && size <= SWAPPED_MEANWHILE_KIB),
        `PID ${pid}: ${counted.join(' or ')} KiB, /proc said ${vmRssKib}`,
      )
      assert.ok(
        exact >= Math.max(...counted) - 64 * 16 * kib,
        `PID ${pid}: ${exact} KiB of ${counted.join(' or ')}`,
      )
    }
  })

  test('every area of every address space is equal', () => {
    let areas = 0
    for (const pair of settledPairs(program, truth)) {
      const mm = taskMm(pair.task)
      if (!mm || !pair.before.maps) continue
      const ours = Array.from(forEachVma(mm), (vma) => {
        const range = `${vma.bigint('vm_start').toString(16)}-${vma.bigint('vm_end').toString(16)}`
        const file = vma.get('vm_file')
        return file.isNull() ? range : `${range} ${dPath(filePath(file.deref()))}`
      })
      const theirs = pair.before.maps
        .filter(({ path }) => path !== '[vsyscall]')
        .map(({ range, inode, path }) => (inode === 0 ? range : `${range} ${path}`))
      assert.deepEqual(ours, theirs, `maps of PID ${pair.before.pid}`)
      areas += ours.length
    }
    assert.ok(areas > 100, `only ${areas} areas`)
  })

  test('managed memory is MemTotal', () => {
    assert.equal(totalramPages(program) * kib, truth.memTotalKib)
  })
}

/** Resident pages without what CPUs hold back. */
function commonRss(mm: Mm): number {
  const stat = mm.get('rss_stat')
  if (stat.has('count')) return mmRss(mm)
  return [0, 1, 3].reduce((sum, kind) => sum + Number(percpuCounterReadPositive(stat.at(kind))), 0)
}

function testFiles(program: Program, truth: ProcTruth): void {
  test('descriptors, paths and directories of every task are equal', () => {
    let files = 0
    for (const pair of quietPairs(program, truth)) {
      const { task, before } = pair
      if (!before.fds) continue
      const ours = Array.from(
        forEachFile(task),
        ({ fd, file }) => [fd, dPath(filePath(file))] as const,
      )
      assert.deepEqual(new Map(ours), before.fds, `files of PID ${before.pid}`)
      const root = taskRoot(task)
      const cwd = taskCwd(task)
      assert.equal(root && dPath(root), before.root, `root of PID ${before.pid}`)
      assert.equal(cwd && dPath(cwd), before.cwd, `cwd of PID ${before.pid}`)
      files += ours.length
    }
    assert.ok(files > 40, `only ${files} files`)
  })

  test('mounts are equal, in their order', () => {
    const init = findTask(program, 1)
    const namespace = init && mountNamespace(program, init)
    assert.ok(init && namespace)
    const root = taskRoot(init)
    const ours = Array.from(forEachMount(namespace), (mount) => ({
      device: mountDevname(mount),
      path: mountPath(mount, root ? { root } : {}),
      type: mountType(mount),
    }))
    // /proc/mounts leaves out what lies outside its reader's root.
    assert.deepEqual(
      ours.filter(({ path }) => path !== undefined),
      truth.mounts,
    )
  })
}

function testMachine(program: Program, truth: ProcTruth): void {
  test('modules, their sizes and places are equal, in their order', () => {
    const ours = Array.from(forEachModule(program), (module) => {
      const ranges = moduleRanges(module)
      return {
        name: module.string('name'),
        size: ranges.reduce((sum, { size }) => sum + size, 0),
        base: ranges[0]?.start ?? 0n,
      }
    })
    assert.deepEqual(ours, truth.modules)
  })

  test('the log begins with every line dmesg printed', () => {
    const ours = [...readLog(program.memory, program.info)].flatMap(formatLogLines)
    assert.deepEqual(ours.slice(0, truth.dmesg.length), truth.dmesg)
    assert.ok(ours.length > truth.dmesg.length, 'the crash itself left nothing in the log')
  })

  test('name and clock go on from where they were', () => {
    if (truth.hostname !== '') assert.equal(utsname(program).nodename, truth.hostname)
    const uptime = Number(coarseBoottimeNsec(program)) / 1e9
    assert.ok(uptime >= truth.uptime && uptime < truth.uptime + WINDOW_SECONDS, `uptime ${uptime}`)
    const date = Number(coarseRealtimeNsec(program)) / 1e9
    assert.ok(date >= truth.date && date < truth.date + WINDOW_SECONDS, `date ${date}`)
    assert.equal(program.info.crashTime, Math.floor(date))
  })
}
