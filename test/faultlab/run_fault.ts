// Runs one scenario to a dump: from the snapshot to the first words of the capture kernel; then kbox makes of the crashed
// kernel's memory, here and not in the guest, the dump it would make there. What that saves is the boot of each capture
// kernel in an emulator: 20 s of 25.
import { execFile, execFileSync } from 'node:child_process'
import {
  constants,
  copyFileSync,
  globSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import path from 'node:path'
import { promisify } from 'node:util'
import { openKernel } from '../../src/core/kernel/open_kernel.ts'
import { formatLogLines, readLog } from '../../src/core/kernel/printk.ts'
import { openFileSource } from '../../src/host/platform/file_source.ts'
import { registerNativeCodecs } from '../../src/host/platform/native_codecs.ts'
import { extractFolder, repairDisk } from '../../src/host/rehearse/disk_image.ts'
import type { Machine } from '../../src/host/rehearse/machine.ts'
import { resume, type ResumeFiles, type Snapshot } from './fault_guest.ts'
import { writeOldMemory } from './old_memory.ts'
import type { FaultScenario } from './scenarios.ts'

const KBOX = path.join(import.meta.dirname, '../../bin/kbox')
/** More than one: a console may lose characters. */
const FIRST_WORDS = /Linux version |Command line: |physical RAM map|capture kernel is up/
const CRASH_TIMEOUT_MS = 300_000
const CAPTURE_TIMEOUT_MS = 300_000
/** Where the guest's kdump.conf has them, on a disk of their own. */
const DUMPS = '/var/crash'
/** Said when all lines were run. */
const RAN = `echo '{"event":"ran","code":0,"output":""}' >&7`

const run = promisify(execFile)

/** How long what took. */
export interface FaultTimes {
  readonly crashMs: number
  readonly dumpMs: number
}

/**
 * Crash a machine and keep its dump: vmcore, vmcore-dmesg.txt, console.log, scenario.json.
 *
 * @param folder gets them; it is made anew
 * @param key written to scenario.json, by which the dump is known to be of this scenario
 * @throws {Error} if the machine did not come to a capture kernel
 */
export async function runFault(
  snapshot: Snapshot,
  scenario: FaultScenario,
  folder: string,
  key: string,
): Promise<FaultTimes> {
  const fresh = `${folder}.partial`
  rmSync(fresh, { recursive: true, force: true })
  mkdirSync(fresh, { recursive: true })
  const memory = path.join(fresh, 'memory')
  const elf = path.join(fresh, 'vmcore.elf')
  try {
    const startMs = performance.now()
    const files = { memory, console: path.join(fresh, 'console.log') }
    const crashedMs = await crash(snapshot, scenario, files, () => performance.now())
    writeOldMemory(memory, elf)
    await makeDump(elf, path.join(fresh, 'vmcore'))
    writeLog(path.join(fresh, 'vmcore'), path.join(fresh, 'vmcore-dmesg.txt'))
    const times = { crashMs: crashedMs - startMs, dumpMs: performance.now() - crashedMs }
    const note = { name: scenario.name, key, ...times }
    writeFileSync(path.join(fresh, 'scenario.json'), `${JSON.stringify(note, null, 2)}\n`)
    rmSync(memory)
    rmSync(elf)
    rmSync(folder, { recursive: true, force: true })
    renameSync(fresh, folder)
    return times
  } finally {
    for (const file of [memory, elf]) rmSync(file, { force: true })
  }
}

/**
 * Crash a machine once and take its dump twice: from its memory, here, and by its capture kernel, which then goes on.
 *
 * @param folder gets both
 * @returns the two dumps
 * @throws {Error} if the machine did not come to a capture kernel, or that left no dump
 */
export async function runFaultBothWays(
  snapshot: Snapshot,
  scenario: FaultScenario,
  folder: string,
): Promise<{ read: string; captured: string }> {
  const at = (name: string): string => path.join(folder, name)
  const disks = snapshot.spec.disks.map(({ file }, index) => {
    execFileSync('cp', ['--sparse=always', file, at(`disk${index}`)])
    return at(`disk${index}`)
  })
  const files = { memory: at('memory'), console: at('console.log'), disks }
  const end = await crash(snapshot, scenario, files, async (machine) => {
    writeOldMemory(files.memory, at('vmcore.elf'))
    await machine.qmp.execute('cont')
    return machine.waitForEnd(
      AbortSignal.any([machine.gone, AbortSignal.timeout(CAPTURE_TIMEOUT_MS)]),
    )
  })
  await makeDump(at('vmcore.elf'), at('vmcore'))
  for (const disk of disks) {
    repairDisk(disk)
    const folders = extractFolder(disk, DUMPS, `${disk}.files`)
    const [captured] = folders === undefined ? [] : globSync(`${folders}/**/vmcore`)
    if (captured !== undefined) return { read: at('vmcore'), captured }
  }
  throw new Error(`${scenario.name}: the capture kernel left no dump, and the machine by ${end}`)
}

async function makeDump(elf: string, vmcore: string): Promise<void> {
  await run(KBOX, ['makedumpfile', '-z', '-d', '31', '--message-level', '4', elf, vmcore])
}

function writeLog(vmcore: string, file: string): void {
  registerNativeCodecs()
  using source = openFileSource(vmcore)
  const { memory, info } = openKernel(source)
  const lines = Array.from(readLog(memory, info)).flatMap(formatLogLines)
  writeFileSync(file, `${lines.join('\n')}\n`)
}

/** Whether a folder holds the dump with this key. */
export function holdsFault(folder: string, key: string): boolean {
  try {
    const note: { key?: unknown } = JSON.parse(
      readFileSync(path.join(folder, 'scenario.json'), 'utf8'),
    )
    return note.key === key
  } catch {
    return false
  }
}

/** Let a machine crash, and hold it when the capture kernel says its first words. */
async function crash<Result>(
  snapshot: Snapshot,
  scenario: FaultScenario,
  files: ResumeFiles,
  whenHeld: (machine: Machine) => Result | Promise<Result>,
): Promise<Result> {
  copyFileSync(path.join(snapshot.folder, 'memory'), files.memory, constants.COPYFILE_FICLONE)
  await using machine = await resume(snapshot, files)
  const timeout = AbortSignal.timeout(scenario.timeoutMs ?? CRASH_TIMEOUT_MS)
  const signal = AbortSignal.any([machine.gone, timeout])
  const settings = Object.entries(scenario.sysctls ?? {})
  const lines = settings.map(([name, value]) => `sysctl -w ${name}=${value}`)
  const script = [...lines, scenario.run, RAN].join('\n')
  machine.channel.say(Buffer.from(script).toString('base64'))
  try {
    if (scenario.host) {
      await machine.channel.next(signal)
      await new Promise((resolve) => setTimeout(resolve, scenario.hostAfterMs ?? 0))
      await provoke(machine, scenario.host)
    }
    await machine.console.waitFor(FIRST_WORDS, signal)
    await machine.qmp.execute('stop')
  } catch (cause) {
    const said = machine.console.tail(30).join('\n')
    throw new Error(`${scenario.name}: no capture kernel; the console ended with\n${said}`, {
      cause,
    })
  }
  return await whenHeld(machine)
}

async function provoke(machine: Machine, host: NonNullable<FaultScenario['host']>): Promise<void> {
  if (host === 'nmi') await machine.qmp.execute('inject-nmi')
  else await machine.qmp.execute('human-monitor-command', { 'command-line': host })
}
