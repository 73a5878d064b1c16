// The recorder: what happens in the capture kernel, from the first mount to the reboot. One crash, one run.
// The order is kdump.sh's: dmesg first and flushed, then the dump, then the log; but every failure, a mount's too,
// leads to the next target and at last to failure_action, and every step is noted in kbox.json beside the dump.
import { HostError } from '../../core/base/errors.ts'
import { AGE_SUFFIX } from '../platform/age/age_magic.ts'
import type { DumpOutput } from '../platform/dump_output.ts'
import { formatPlace, isRemote, type CapturePlace } from '../target/place.ts'
import { SEALED_DUMP, sealDirectory } from '../target/sealed_directory.ts'
import type { OpenTarget, TargetDirectory, TargetHost } from '../target/target.ts'
import { openPlace } from '../target/targets.ts'
import { BreadcrumbTrail } from './breadcrumb.ts'
import { NO_HOOKS, type CaptureConfig, type FinalAction } from './capture_config.ts'
import { runHooks } from './hooks.ts'
import { type CaptureManifest, formatManifest, type ManifestFile } from './capture_manifest.ts'
import { CaptureNetwork } from './capture_network.ts'
import type { CaptureMachine } from './machine.ts'
import { describeError, StepLog, type StepWatcher } from './step_log.ts'

/** Told while the dump is written. */
export interface DumpProgress {
  /** Of the work, 0 to 1. */
  readonly fraction: number
  readonly writtenBytes: number
}

/** What the writer of a dump is told, and asks, while it works. */
export interface DumpRun {
  onProgress(progress: DumpProgress): void
  /** Must it end now with what is written? */
  isExpired(): boolean
}

/** What is done with the old kernel's memory; handed in so that the supervisor knows no file format. */
export interface CaptureWork {
  /** Yield the old kernel's log as text, from its memory. */
  readDmesg(vmcore: string): Iterable<string>
  /**
   * Write the dump to what `open` gives; opened again, it begins anew. What is thrown, and a problem, leave the dump
   * incomplete.
   */
  dump(
    vmcore: string,
    open: () => Promise<DumpOutput>,
    config: CaptureConfig,
    run: DumpRun,
  ): Promise<DumpFacts>
}

/** What a dump's writer says of it; all of it goes into the manifest. */
export interface DumpFacts {
  /** Why the file is not whole, '' when it is. */
  readonly problem: string
  /** Not one page found room: what was written is of no use. */
  readonly isEmpty: boolean
  readonly [fact: string]: unknown
}

/** One capture, whatever targets it tries. */
interface Capture {
  readonly config: CaptureConfig
  readonly machine: CaptureMachine
  readonly work: CaptureWork
  readonly log: StepLog
  readonly trail: BreadcrumbTrail
  readonly network: CaptureNetwork
  /** When the dump must end with what is written, so that the machine is left properly. */
  readonly deadlineMs: number
}

/** What one target received. */
interface Recording extends Capture {
  readonly place: CapturePlace
  readonly target: OpenTarget
  readonly directory: TargetDirectory
  readonly names: SavedNames
  dumpFacts: DumpFacts | Record<string, never>
}

/** What the files of one recording are called. */
interface SavedNames {
  readonly dmesg: string
  readonly dump: string
  readonly unfinishedDump: string
}

/** Of the time there is for all, what is left for flushing and unmounting. */
const LEAVE_PART = 0.1
const PROGRESS_INTERVAL_MS = 1000
const DMESG = 'vmcore-dmesg.txt'
const UNFINISHED_DMESG = 'vmcore-dmesg-incomplete.txt'
const KEXEC_DMESG = 'kexec-dmesg.log'
const MANIFEST = 'kbox.json'
/** Room that a dump on a full disk leaves for the manifest and the log: it is given back just before they are written. */
const RESERVE = '.kbox-reserve'
const RESERVE_SIZE = 1 << 20
/** More crashes than that in one second are none. */
const COPIES_MAX = 999
/** An oops with its registers and call trace takes some 50 lines. */
const TAIL_LINES = 60

/**
 * Record the crash and leave the machine as configured.
 *
 * @returns whether the dump is complete; on a real machine it does not return
 */
export async function runCapture(
  config: CaptureConfig,
  machine: CaptureMachine,
  work: CaptureWork,
): Promise<boolean> {
  machine.say(
    `recording the crash of ${config.release} at level ${config.dumpLevels.join(',')}, ${config.codec}`,
  )
  const deadlineMs = machine.now() + config.overallTimeoutMs * (1 - LEAVE_PART)
  const trail = new BreadcrumbTrail(config.breadcrumb, machine)
  const log = new StepLog(machine, watchSteps(trail))
  const network = new CaptureNetwork(config.network, machine, log)
  const capture = { config, machine, work, deadlineMs, log, trail, network }
  trail.add({
    crumb: 'capture',
    release: config.release,
    date: machine.date().toISOString(),
  })
  startFence(capture)
  // A kdump_pre that fails forbids the dump; whoever wrote it wants a failure, not a reboot as if all were well.
  const isSaved =
    (await runHooks('pre', [], capture)) && (await recordToAny(config.targets, capture))
  if (isSaved) {
    leave(capture, config.finalAction)
    return true
  }
  await runHooks('post', ['1'], capture)
  return takeFailureAction(capture)
}

/** The cluster is told as soon as it can be, beside everything else: fencing would cost the dump. */
function startFence({ config: { fence, network: plan }, machine, network }: Capture): void {
  if (!fence) return
  const tell = (): void => machine.keepRunning(`/${fence.file}`, fence.args)
  if (!plan) tell()
  // What is wrong with the network the step has said; the program may find a way that we do not see.
  else network.up().then(tell, tell)
}

function watchSteps(trail: BreadcrumbTrail): StepWatcher {
  return {
    began: (step, atMs) => trail.add({ crumb: 'begin', step, atMs }),
    ended: ({ name: step, ms, error, memAvailableMinBytes }) => {
      trail.add({ crumb: 'end', step, ms, error, memAvailableMinBytes })
    },
  }
}

function leave({ machine, trail }: Capture, action: FinalAction): void {
  trail.add({ crumb: 'leave', action })
  machine.leave(action)
}

async function takeFailureAction(capture: Capture): Promise<boolean> {
  const { config, machine, log } = capture
  // Breadcrumbs are written in plain.
  if (config.breadcrumb && !config.encryptTo)
    await attempt(log, 'breadcrumbs', () => keepLog(capture))
  await runHooks('emergency', [], capture)
  machine.say(`failure_action: ${config.failureAction}`)
  switch (config.failureAction) {
    case 'reboot':
    case 'halt':
    case 'poweroff':
      leave(capture, config.failureAction)
      return false
    case 'shell':
      machine.say("Entering kdump emergency mode; 'exit' ends it")
      machine.heartbeat('shell')
      await machine.shell()
      leave(capture, config.finalAction)
      return false
    case 'dump_to_rootfs': {
      const { rootfs } = config
      if (!rootfs) machine.say('no root file system is known')
      // The hooks have been told already that it failed.
      const again = { ...capture, config: { ...config, hooks: NO_HOOKS } }
      const isSaved = rootfs !== undefined && (await recordToAny([rootfs], again))
      leave(capture, config.finalAction)
      return isSaved
    }
  }
}

/** No target has all of it: the log goes where the next boot looks. */
function keepLog({ trail, machine, work }: Capture): void {
  if (!trail.saveLog(work.readDmesg(machine.vmcore)))
    throw new HostError('the disk of the breadcrumbs is not there')
}

/** Try targets in turn until one has taken the dump. */
async function recordToAny(places: readonly CapturePlace[], capture: Capture): Promise<boolean> {
  for (const place of places) {
    if (await recordTo(place, capture)) return true
    if (capture.machine.now() >= capture.deadlineMs) break
  }
  return false
}

/** Record to one target. Never throws: what could be saved stays, and false says that it is not all. */
async function recordTo(place: CapturePlace, capture: Capture): Promise<boolean> {
  const { config, machine, work, log, trail, network, deadlineMs } = capture
  machine.say(`target: ${formatPlace(place)}`)
  trail.add({ crumb: 'target', target: formatPlace(place) })
  let target: OpenTarget
  try {
    if (isRemote(place)) await network.up()
    target = await openPlace(place, targetHost(machine, log), {
      openMs: Math.min(machine.now() + config.deviceTimeoutMs, deadlineMs),
      endMs: deadlineMs,
    })
  } catch {
    if (!config.encryptTo) sayDmesgTail(machine, work)
    return false
  }
  let isSaved = false
  try {
    const made = await log.run('directory', () => makeDirectory(target, machine))
    const { encryptTo } = config
    const directory = encryptTo ? sealDirectory(made, encryptTo) : made
    const names = namesOf(target, encryptTo !== undefined)
    machine.say(`saving to ${directory.name}`)
    trail.add({ crumb: 'directory', directory: directory.name })
    isSaved = await record({ ...capture, place, target, directory, names, dumpFacts: {} })
    trail.add({ crumb: 'saved', complete: isSaved })
    // While the target is still there: this is the moment for a hook that adds to the dump.
    if (isSaved) await runHooks('post', ['0'], capture)
  } catch {
    // The step has said why; what is on the target is worth leaving it properly.
  }
  try {
    await target.close()
  } catch {
    // The data is flushed already; a busy mount must not cost the reboot.
  }
  // Not before: whoever is killed at the next target is to be followed by another.
  if (isSaved) machine.setRecorded()
  return isSaved
}

function namesOf({ dumpName }: OpenTarget, isSealed: boolean): SavedNames {
  const dump = isSealed ? SEALED_DUMP : dumpName
  return {
    dmesg: isSealed ? `${DMESG}${AGE_SUFFIX}` : DMESG,
    dump,
    unfinishedDump: `${dump}-incomplete`,
  }
}

function targetHost(machine: CaptureMachine, log: StepLog): TargetHost {
  return { ...machine, step: (name, work) => log.run(name, work) }
}

/** With nowhere to save it, the end of the log at least reaches whoever keeps the console. */
function sayDmesgTail(machine: CaptureMachine, work: CaptureWork): void {
  const tail: string[] = []
  try {
    for (const line of work.readDmesg(machine.vmcore)) {
      tail.push(line)
      if (tail.length > TAIL_LINES) tail.shift()
    }
  } catch (error) {
    machine.say(`the log cannot be read: ${describeError(error)}`)
  }
  if (tail.length === 0) return
  machine.say('the end of the log of the kernel that died:')
  for (const line of tail) machine.say(`| ${line.trimEnd()}`)
}

async function record(recording: Recording): Promise<boolean> {
  const { config, machine, log, target, directory } = recording
  // A log that cannot be read must not cost the dump; the step says why.
  await attempt(log, 'dmesg', () => saveDmesg(recording))
  await saveManifest(recording, false)
  if (target.takesReserve) {
    const reserve = new Uint8Array(RESERVE_SIZE)
    await attempt(log, 'reserve', () => directory.writeFile(RESERVE, [reserve], RESERVE))
  }
  const isDumped = await attempt(log, 'dump', () => saveDump(recording))
  // A reserve that stays costs a megabyte, not the dump.
  if (target.takesReserve) await directory.remove(RESERVE).catch(() => undefined)
  await attempt(log, 'kexec-dmesg', () =>
    directory.writeFile(KEXEC_DMESG, [machine.kernelLog()], KEXEC_DMESG),
  )
  const low = Math.floor(log.memAvailableMinBytes / 2 ** 20)
  machine.say(
    `${isDumped ? 'dump saved' : 'dump NOT complete'}; lowest free memory ${low} MB; ${config.codec}`,
  )
  await saveManifest(recording, isDumped)
  return isDumped
}

async function attempt(
  log: StepLog,
  name: string,
  work: () => void | Promise<void>,
): Promise<boolean> {
  try {
    await log.run(name, work)
    return true
  } catch {
    return false
  }
}

/** `<address>-YYYY-mm-dd-HH:MM:SS`; a clock that stands still must not overwrite an older dump. */
async function makeDirectory(
  target: OpenTarget,
  machine: CaptureMachine,
): Promise<TargetDirectory> {
  const name = `${target.clientAddress}-${formatStamp(machine.date())}`
  for (let copy = 1; ; copy++) {
    try {
      return await target.makeDirectory(copy === 1 ? name : `${name}.${copy}`)
    } catch (error) {
      const isTaken = error instanceof HostError && error.errno === 'EEXIST'
      if (!isTaken || copy >= COPIES_MAX) throw error
    }
  }
}

async function saveDmesg({ directory, names, machine, work }: Recording): Promise<void> {
  machine.say(`saving ${names.dmesg}`)
  const pieces = inBlocks(work.readDmesg(machine.vmcore))
  await directory.writeFile(names.dmesg, pieces, UNFINISHED_DMESG)
  machine.say(`saving ${names.dmesg} complete`)
}

async function saveDump(recording: Recording): Promise<void> {
  const { directory, names, config, machine, work, log } = recording
  const { dump: dumpName, unfinishedDump: unfinished } = names
  machine.say(`saving ${dumpName}`)
  const startMs = machine.now()
  let saidMs = startMs
  const onProgress = ({ fraction, writtenBytes }: DumpProgress): void => {
    log.sample()
    const now = machine.now()
    if (now - saidMs < PROGRESS_INTERVAL_MS) return
    saidMs = now
    machine.heartbeat(`dump ${writtenBytes}`)
    if (config.isQuiet !== true)
      machine.say(
        `${dumpName} ${Math.floor(fraction * 100)} %, ${formatMegabytes(writtenBytes)} MB`,
      )
  }
  const isExpired = (): boolean => machine.now() >= recording.deadlineMs
  const open = (): Promise<DumpOutput> => directory.openDump(unfinished)
  const run = { onProgress, isExpired }
  const facts = await work.dump(machine.vmcore, open, config, run)
  recording.dumpFacts = facts
  if (facts.isEmpty) await directory.remove(unfinished)
  if (facts.problem !== '') throw new HostError(facts.problem)
  await directory.rename(unfinished, dumpName)
  const sizeBytes = (await directory.sizeOf(dumpName)) ?? 0
  const seconds = ((machine.now() - startMs) / 1000).toFixed(1)
  machine.say(`saving ${dumpName} complete: ${formatMegabytes(sizeBytes)} MB in ${seconds} s`)
}

/** Written early and again at the end: a machine that dies between leaves what it knew. */
async function saveManifest(recording: Recording, complete: boolean): Promise<void> {
  const { directory, config, machine, log, place, dumpFacts } = recording
  try {
    const manifest: CaptureManifest = {
      version: 2,
      target: formatPlace(place),
      release: config.release,
      capturedAt: machine.date().toISOString(),
      complete,
      ...(config.testId === undefined ? {} : { testId: config.testId }),
      steps: log.steps,
      memAvailableMinBytes: log.memAvailableMinBytes,
      files: await describeFiles(recording),
      dump: dumpFacts,
    }
    await directory.writeFile(MANIFEST, [formatManifest(manifest)])
  } catch (error) {
    // On a full disk the manifest is what may be missing; the dump and the log come first.
    machine.say(`${MANIFEST} not written: ${describeError(error)}`)
    await directory.remove(`${MANIFEST}.tmp`)
  }
}

async function describeFiles({
  directory,
  names,
  deadlineMs,
}: Recording): Promise<Record<string, ManifestFile>> {
  const files: Record<string, ManifestFile> = {}
  for (const name of [names.dmesg, names.dump, names.unfinishedDump, KEXEC_DMESG]) {
    const sizeBytes = await directory.sizeOf(name)
    if (sizeBytes === undefined) continue
    const sha256 = await directory.digestOf(name, deadlineMs)
    files[name] = sha256 === undefined ? { sizeBytes } : { sizeBytes, sha256 }
  }
  return files
}

/** Join small pieces: a log has some thousand lines, each of which would be a system call. */
function* inBlocks(pieces: Iterable<string>): Generator<string> {
  let block = ''
  for (const piece of pieces) {
    block += piece
    if (block.length < 65_536) continue
    yield block
    block = ''
  }
  yield block
}

/** `YYYY-mm-dd-HH:MM:SS`, local time, as date(1) +%Y-%m-%d-%T. */
export function formatStamp(date: Date): string {
  const two = (value: number): string => String(value).padStart(2, '0')
  const day = [date.getFullYear(), two(date.getMonth() + 1), two(date.getDate())].join('-')
  return `${day}-${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`
}

function formatMegabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(1)
}
