// What runs in the guest, started by its PID 1: it gives the machine something to do, arms it, writes down the truth
// about it, and kills it. Everything here is synchronous, so that no thread comes or goes while the truth is taken.
import { spawnSync } from 'node:child_process'
import { openSync, readFileSync, readSync, symlinkSync, writeSync } from 'node:fs'
import { FormatError } from '../../core/base/errors.ts'
import { sync } from '../platform/syscalls.ts'
import { GO, type GuestMessage } from './guest_channel.ts'
import { GUEST, type GuestPlan } from './guest_files.ts'
import { parseJson } from './json_members.ts'

/**
 * Run a plan in the guest.
 *
 * @returns only if something failed: exit code 1
 * @throws {FormatError} if the plan is not one
 */
export async function runInGuest(planFile: string): Promise<number> {
  const plan = parseGuestPlan(planFile, readFileSync(planFile, 'utf8'))
  // The name of the process that dies, as ps shows it.
  process.title = 'rehearsal'
  const fd = openSync(GUEST.channel, 'r+')
  const say = (message: GuestMessage): void => writeAll(fd, `${JSON.stringify(message)}\n`)
  for (const [name, node] of plan.links) symlinkSync(node, name)
  let step = 'workload'
  try {
    // Under emulation a file that is loaded takes a tenth of a second; the truth's are here before it is taken.
    const truth = plan.takeTruth ? await import('./guest_truth.ts') : undefined
    const workload = plan.workload
      ? await (await import('./guest_workload.ts')).startWorkload()
      : undefined
    say({ event: 'workload', processes: workload?.processes ?? 0 })
    step = 'arm'
    say({ event: 'armed', output: plan.arm.map(runCommand).join('') })
    step = 'truth'
    if (truth) say({ event: 'truth', files: truth.takeTruth(GUEST.truth) })
    workload?.freeze()
    sync()
    step = 'crash'
    let tasks = 0
    // Nobody keeps the list without the truth, and the channel takes milliseconds a task.
    for (const { pid, stat } of truth?.forEachStatLine() ?? []) {
      say({ event: 'task', pid, stat })
      tasks++
    }
    say({ event: 'ready', tasks })
    waitForGo(fd)
    crash(plan.sysrq)
  } catch (error) {
    say({ event: 'failed', step, error: error instanceof Error ? error.message : String(error) })
  }
  return 1
}

/** Parse the plan. @throws {FormatError} if it is not one */
export function parseGuestPlan(file: string, text: string): GuestPlan {
  const plan = parseJson(text)
  const arm = plan?.rows('arm')
  const links = plan?.rows('links')
  if (!plan || !arm || !links || plan.number('version') !== 1)
    throw new FormatError(file, 0, 'not a plan of this version')
  return {
    version: 1,
    arm,
    links: links.map(([name = '', node = '']) => [name, node]),
    sysrq: plan.text('sysrq'),
    workload: plan.isTrue('workload'),
    takeTruth: plan.isTrue('takeTruth'),
  }
}

/** Run one command; all it prints also goes to the console. @throws {Error} if it fails */
function runCommand(command: readonly string[]): string {
  const [program = '', ...args] = command
  const { status, signal, stdout, stderr, error } = spawnSync(program, args, { encoding: 'utf8' })
  if (error) throw error
  const output = `$ ${command.join(' ')}\n${stdout}${stderr}`
  process.stdout.write(output)
  if (status === 0) return output
  throw new Error(
    `'${command.join(' ')}' ${status === null ? `was killed by ${signal}` : `failed with exit code ${status}`}`,
  )
}

function waitForGo(fd: number): void {
  const buffer = new Uint8Array(64)
  let got = ''
  while (!got.includes(GO))
    got += Buffer.from(buffer.subarray(0, readSync(fd, buffer))).toString('latin1')
}

/** Kill the machine; with '' the host does, and this waits for it. */
function crash(sysrq: string): void {
  if (sysrq !== '') {
    const enable = openSync('/proc/sys/kernel/sysrq', 'w')
    writeSync(enable, '1')
    // Left open: the process that dies shows it.
    writeSync(openSync('/proc/sysrq-trigger', 'w'), sysrq)
  }
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 3600_000)
}

function writeAll(fd: number, text: string): void {
  const bytes = Buffer.from(text)
  let done = 0
  while (done < bytes.length) done += writeSync(fd, bytes, done)
}
