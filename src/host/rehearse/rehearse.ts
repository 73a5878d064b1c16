// A rehearsal: the whole road of a crash in a virtual machine, step by step, from an empty disk to an opened dump.
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { HostError, UnsupportedError, UsageError } from '../../core/base/errors.ts'
import { recoverDevice } from '../control/after/recover_raw.ts'
import { extractFile, extractFolder, repairDisk } from './disk_image.ts'
import { GUEST } from './guest_files.ts'
import { findDump, findRecording, inspectDump, readCaptureFacts } from './inspect_dump.ts'
import { unlockFiles } from '../platform/age/unlock.ts'
import { readKernelRelease } from '../control/load/kernel/kernel_image.ts'
import { Machine } from './machine.ts'
import type { MachineSpec } from './machine_spec.ts'
import type { RehearseOptions } from './rehearse_options.ts'
import type { DumpFacts, RehearseResult } from './rehearse_result.ts'
import {
  awaitArmed,
  awaitBoot,
  awaitCaptureKernel,
  awaitDmesg,
  awaitDump,
  awaitEnd,
  awaitReady,
  awaitWorkload,
} from './road.ts'
import type { ScratchTarget } from './scratch_target.ts'
import { setStage } from './stage.ts'
import { StepRunner } from './step_runner.ts'

/**
 * Rehearse a crash.
 *
 * @returns what happened, whether it went well or not
 * @throws {UsageError} if `keep` holds a rehearsal already
 * @throws {UnsupportedError} on a machine whose runtime cannot run in the guest
 */
export async function rehearse(options: RehearseOptions): Promise<RehearseResult> {
  if (process.arch !== 'x64')
    throw new UnsupportedError(`rehearsing on ${process.arch}: only x86_64 guests are made so far`)
  const release = readKernelRelease(options.kernel)
  const keep = prepareKeep(options.keep)
  const folder = mkdtempSync(path.join(os.tmpdir(), 'kbox-rehearse-'))
  const cleanUp = (): void => rmSync(folder, { recursive: true, force: true })
  process.once('exit', cleanUp)
  const files = keep ?? folder
  const steps = new StepRunner(options.timeoutMs, options.onStep)
  const result: Mutable<RehearseResult> = {
    version: 1,
    ok: false,
    scenario: options.scenario.name,
    release,
    kernel: options.kernel,
    accelerator: 'tcg',
    memoryBytes: options.memoryBytes,
    cpus: options.cpus,
    crashkernel: options.crashkernel,
    steps: steps.steps,
    end: undefined,
    capture: undefined,
    dump: undefined,
    kept: options.keep ?? '',
  }
  try {
    await walkTheRoad({ options, folder, files, steps, result })
    result.ok = steps.steps.every(({ ok }) => ok)
    if (options.keep !== undefined)
      writeFileSync(path.join(files, 'rehearsal.json'), `${JSON.stringify(result, null, 2)}\n`)
    return result
  } finally {
    process.off('exit', cleanUp)
    cleanUp()
  }
}

type Mutable<T> = { -readonly [key in keyof T]: T[key] }

interface Rehearsal {
  readonly options: RehearseOptions
  /** Scratch folder. */
  readonly folder: string
  /** Where logs and dump go. */
  readonly files: string
  readonly steps: StepRunner
  readonly result: Mutable<RehearseResult>
}

async function walkTheRoad(rehearsal: Rehearsal): Promise<void> {
  const { options, folder, files, steps, result } = rehearsal
  const stage = await steps.run('prepare', () => setStage(options, folder))
  if (!stage) return
  const { spec, target } = stage
  result.accelerator = spec.accelerator
  const isDown = await runMachine(rehearsal, spec)
  if (!isDown) return
  const dump = await steps.run('collect', () => collect(rehearsal, spec, target))
  result.capture = readCaptureFacts(files)
  if (dump === undefined) return
  await steps.run('open', async () => {
    const file = findDump(files)
    if (file !== undefined) await unlockFiles([file], options.identity)
    result.dump = inspectDump(files)
    checkDump(result.dump, options)
    return true
  })
}

/** @returns whether the crash was got through to the end, so that there may be files to collect */
async function runMachine(rehearsal: Rehearsal, spec: MachineSpec): Promise<boolean> {
  const { files, steps } = rehearsal
  const started: { machine?: Machine } = {}
  try {
    const machine = await steps.run(
      'boot',
      async (signal) => {
        const machine = await Machine.start(spec, path.join(files, 'console.log'))
        started.machine = machine
        await awaitBoot(machine, AbortSignal.any([signal, machine.gone]))
        return machine
      },
      () => started.machine,
    )
    return machine !== undefined && (await crashMachine(rehearsal, machine))
  } finally {
    await started.machine?.[Symbol.asyncDispose]()
  }
}

async function crashMachine(
  { options, files, steps, result }: Rehearsal,
  machine: Machine,
): Promise<boolean> {
  const onMachine = steps.on(machine)
  const processes = await onMachine.run('workload', (signal) => awaitWorkload(machine, signal))
  if (processes === undefined) return false
  const said = await onMachine.run('arm', (signal) => awaitArmed(machine, signal))
  if (said === undefined) return false
  options.onArmed?.(said)
  const snapshot = await onMachine.run('truth', (signal) => awaitReady(machine, signal))
  if (!snapshot) return false
  if (options.keep !== undefined) writeFileSync(path.join(files, 'snapshot'), snapshot.join(''))
  const isCaptured = await onMachine.run('crash', async (signal) => {
    machine.console.skip()
    machine.channel.go()
    await options.scenario.kill?.(machine)
    return awaitCaptureKernel(machine, signal)
  })
  if (isCaptured === undefined && options.keepFiles !== undefined) {
    // No capture, but the disks are wanted: the machine must have left them.
    result.end = await onMachine.run('reboot', (signal) => awaitEnd(machine, signal))
    return true
  }
  if (isCaptured !== undefined) {
    // What fails here is told, and the rest still happens: a full disk must not hide that the machine reboots.
    await onMachine.run('dmesg', (signal) => awaitDmesg(machine, signal))
    await onMachine.run('dump', (signal) => awaitDump(machine, signal))
    result.end = await onMachine.run('reboot', (signal) => awaitEnd(machine, signal))
  }
  if (steps.hasFailed && options.keep !== undefined) {
    const registers = await machine.registers()
    if (registers !== '') writeFileSync(path.join(files, 'registers.txt'), registers)
  }
  return isCaptured !== undefined
}

/** Copy what the capture kernel wrote; returns the number of files. @throws {HostError} if it wrote nothing */
async function collect(
  { options, folder, files }: Rehearsal,
  spec: MachineSpec,
  target: ScratchTarget,
): Promise<number> {
  const [root, second] = spec.disks
  options.onDisks?.(spec.disks.map(({ file }) => file))
  for (const disk of spec.disks) {
    if (disk === second && target.fstype === 'raw') continue
    repairDisk(disk.file)
  }
  const disk = target.disk === 'root' ? root : second
  if (!root || !disk) throw new HostError('no disk to collect from')
  if (options.keep !== undefined) {
    const truth = extractFolder(root.file, GUEST.truth, files)
    if (truth !== undefined) renameInto(path.join(files, 'snapshot'), path.join(truth, 'snapshot'))
  }
  for (const name of options.keepFiles ?? [])
    extractFile(root.file, name, path.join(files, 'root', name))
  const { receivedIn } = options
  const received = typeof receivedIn === 'function' ? await receivedIn() : receivedIn
  const copy =
    received !== undefined
      ? path.join(received, target.folder)
      : collectFrom(disk.file, target, path.join(folder, 'collected'))
  const recording = copy === undefined ? undefined : findRecording(copy)
  if (copy === undefined || recording === undefined) {
    throw new HostError(
      `no folder of a dump below ${target.folder}: the capture kernel wrote nothing`,
    )
  }
  for (const name of options.alsoKeep ?? [])
    renameInto(path.join(copy, name), path.join(files, name))
  const names = readdirSync(recording)
  for (const name of names) renameInto(path.join(recording, name), path.join(files, name))
  return names.length
}

function collectFrom(disk: string, target: ScratchTarget, into: string): string | undefined {
  if (target.fstype !== 'raw') return extractFolder(disk, target.folder, into)
  // As the next start would.
  mkdirSync(into)
  recoverDevice(disk, statSync(disk).size, into, () => {})
  return into
}

/** Rename; the folders may lie on different file systems. */
function renameInto(from: string, to: string): void {
  try {
    renameSync(from, to)
  } catch {
    cpSync(from, to, { recursive: true, preserveTimestamps: true })
    rmSync(from, { recursive: true })
  }
}

/** Check that the dump says what was done. @throws {HostError} naming what it does not say */
function checkDump(dump: DumpFacts | undefined, { scenario }: RehearseOptions): void {
  if (!dump) throw new HostError('there is no vmcore')
  if (!dump.opens) throw new HostError(dump.error)
  if (!scenario.panicMessage.test(dump.panicMessage)) {
    throw new HostError(
      `the dump's panic message is '${dump.panicMessage}', expected ${scenario.panicMessage}`,
    )
  }
  if (dump.backtrace.length === 0)
    throw new HostError('the dump gives no backtrace of the task that panicked')
}

function prepareKeep(keep: string | undefined): string | undefined {
  if (keep === undefined) return undefined
  mkdirSync(keep, { recursive: true })
  const taken = readdirSync(keep).find(
    (name) => name.startsWith('vmcore') || name === 'rehearsal.json' || name === 'truth',
  )
  if (taken !== undefined)
    throw new UsageError(`--keep ${keep}: holds a rehearsal already (${taken})`)
  return keep
}
