// The recorder: what happens in the capture kernel, from the first mount to the reboot. One crash, one run.
// The order is kdump.sh's: dmesg first and flushed, then the dump, then the log; but every failure, a mount's too,
// leads to failure_action, and every step is noted in kbox.json beside the dump.
import { chmodSync, mkdirSync, rmSync, statSync } from 'node:fs'
import path from 'node:path'
import { HostError } from '../../core/base/errors.ts'
import type { CaptureConfig, CaptureTarget } from './capture_config.ts'
import { flush, renameDurably, writeDurably } from './durable_file.ts'
import type { CaptureMachine } from './machine.ts'
import { describeError, StepLog, type Step } from './step_log.ts'

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
  /** Write the dump to `file`. What it throws, and a problem, leave the file incomplete. */
  dump(vmcore: string, file: string, config: CaptureConfig, run: DumpRun): Promise<DumpFacts>
}

/** What a dump's writer says of it; all of it goes into the manifest. */
export interface DumpFacts {
  /** Why the file is not whole, '' when it is. */
  readonly problem: string
  readonly [fact: string]: unknown
}

/** kbox.json: what one capture did. */
export interface CaptureManifest {
  readonly version: 1
  readonly release: string
  readonly capturedAt: string
  readonly complete: boolean
  readonly steps: readonly Step[]
  readonly memAvailableMinBytes: number
  readonly files: Readonly<Record<string, number>>
  /** What the engine says of the dump it wrote. */
  readonly dump: Readonly<Record<string, unknown>>
}

/** What one target received. */
interface Recording {
  readonly directory: string
  readonly config: CaptureConfig
  readonly machine: CaptureMachine
  readonly work: CaptureWork
  readonly log: StepLog
  /** When the dump must end with what is written, so that the machine is left properly. */
  readonly deadlineMs: number
  dumpFacts: DumpFacts | Record<string, never>
}

/** Of the time there is for all, what is left for flushing and unmounting. */
const LEAVE_PART = 0.1
const POLL_INTERVAL_MS = 100
const PROGRESS_INTERVAL_MS = 1000
const DMESG = 'vmcore-dmesg.txt'
const VMCORE = 'vmcore'
const KEXEC_DMESG = 'kexec-dmesg.log'
const MANIFEST = 'kbox.json'
/** Room that a dump on a full disk leaves for the manifest and the log: it is given back just before they are written. */
const RESERVE = '.kbox-reserve'
const RESERVE_SIZE = 1 << 20
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
  const isSaved = await recordTo(config.target, config, machine, work, deadlineMs)
  if (isSaved) {
    machine.leave(config.finalAction)
    return true
  }
  switch (config.failureAction) {
    case 'reboot':
    case 'halt':
    case 'poweroff':
      machine.say(`failure_action: ${config.failureAction}`)
      machine.leave(config.failureAction)
      return false
    case 'shell':
      machine.say("Entering kdump emergency mode; 'exit' ends it")
      machine.heartbeat('shell')
      await machine.shell()
      machine.leave(config.finalAction)
      return false
    case 'dump_to_rootfs': {
      const { rootfs } = config
      machine.say(
        rootfs
          ? 'failure_action: dump_to_rootfs'
          : 'failure_action: dump_to_rootfs, but no root is known',
      )
      const isSavedToRoot =
        rootfs !== undefined && (await recordTo(rootfs, config, machine, work, deadlineMs))
      machine.leave(config.finalAction)
      return isSavedToRoot
    }
  }
}

/** Record to one target. Never throws: what could be saved stays, and false says that it is not all. */
async function recordTo(
  target: CaptureTarget,
  config: CaptureConfig,
  machine: CaptureMachine,
  work: CaptureWork,
  deadlineMs: number,
): Promise<boolean> {
  const log = new StepLog(machine)
  try {
    const node = await log.run('device', () =>
      waitForDevice(target, config.deviceTimeoutMs, machine),
    )
    await log.run('mount', () => machine.mount(node, target))
  } catch {
    sayDmesgTail(machine, work)
    return false
  }
  let isSaved = false
  try {
    const directory = await log.run('directory', () => makeDirectory(target, machine))
    machine.say(`saving to ${directory}`)
    isSaved = await record({ directory, config, machine, work, log, deadlineMs, dumpFacts: {} })
  } catch {
    // The step has said why; what is on the disk is worth unmounting properly.
  }
  try {
    await log.run('unmount', () => {
      machine.sync()
      machine.unmount()
    })
  } catch {
    // The data is flushed already; a busy mount must not cost the reboot.
  }
  return isSaved
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
  const { config, machine, log } = recording
  // A log that cannot be read must not cost the dump; the step says why.
  await attempt(log, 'dmesg', () => saveDmesg(recording))
  saveManifest(recording, false)
  const reserve = path.join(recording.directory, RESERVE)
  await attempt(log, 'reserve', () => writeDurably(reserve, [new Uint8Array(RESERVE_SIZE)]))
  const isDumped = await attempt(log, 'dump', () => saveDump(recording))
  rmSync(reserve, { force: true })
  await attempt(log, 'kexec-dmesg', () => {
    writeDurably(path.join(recording.directory, KEXEC_DMESG), [machine.kernelLog()])
  })
  const low = Math.floor(log.memAvailableMinBytes / 2 ** 20)
  machine.say(
    `${isDumped ? 'dump saved' : 'dump NOT complete'}; lowest free memory ${low} MB; ${config.codec}`,
  )
  saveManifest(recording, isDumped)
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

async function waitForDevice(
  target: CaptureTarget,
  timeoutMs: number,
  machine: CaptureMachine,
): Promise<string> {
  const deadline = machine.now() + timeoutMs
  for (let tries = 0; ; tries++) {
    const node = machine.findDevice(target)
    if (node !== undefined) return node
    const what = target.uuid === '' ? target.node : `UUID=${target.uuid} (was ${target.node})`
    if (machine.now() >= deadline) {
      throw new HostError(
        `no device with ${target.fstype} ${what} after ${timeoutMs / 1000} s`,
        'ETIMEDOUT',
      )
    }
    if (tries === 10) machine.say(`waiting for ${what}`)
    machine.heartbeat(`device ${tries}`)
    await machine.sleep(POLL_INTERVAL_MS)
  }
}

/** `<target>/<path>/127.0.0.1-YYYY-mm-dd-HH:MM:SS`; a clock that stands still must not overwrite an older dump. */
function makeDirectory(target: CaptureTarget, machine: CaptureMachine): string {
  const parent = path.join(machine.mountpoint, target.directory)
  mkdirSync(parent, { recursive: true })
  const name = `127.0.0.1-${formatStamp(machine.date())}`
  for (let copy = 1; copy < 1000; copy++) {
    const directory = path.join(parent, copy === 1 ? name : `${name}.${copy}`)
    if (statSync(directory, { throwIfNoEntry: false })) continue
    mkdirSync(directory)
    chmodSync(directory, 0o755)
    flush(parent)
    return directory
  }
  throw new HostError(`${path.join(parent, name)} exists already`, 'EEXIST')
}

function saveDmesg({ directory, machine, work }: Recording): void {
  const unfinished = path.join(directory, 'vmcore-dmesg-incomplete.txt')
  machine.say(`saving ${DMESG}`)
  writeDurably(unfinished, inBlocks(work.readDmesg(machine.vmcore)))
  renameDurably(unfinished, path.join(directory, DMESG))
  machine.say(`saving ${DMESG} complete`)
}

async function saveDump(recording: Recording): Promise<void> {
  const { directory, config, machine, work, log } = recording
  const unfinished = path.join(directory, `${VMCORE}-incomplete`)
  machine.say(`saving ${VMCORE}`)
  const startMs = machine.now()
  let saidMs = startMs
  const onProgress = ({ fraction, writtenBytes }: DumpProgress): void => {
    log.sample()
    const now = machine.now()
    if (now - saidMs < PROGRESS_INTERVAL_MS) return
    saidMs = now
    machine.heartbeat(`dump ${writtenBytes}`)
    machine.say(`vmcore ${Math.floor(fraction * 100)} %, ${formatMegabytes(writtenBytes)} MB`)
  }
  const isExpired = (): boolean => machine.now() >= recording.deadlineMs
  recording.dumpFacts = await work.dump(machine.vmcore, unfinished, config, {
    onProgress,
    isExpired,
  })
  if (recording.dumpFacts.problem !== '') throw new HostError(recording.dumpFacts.problem)
  renameDurably(unfinished, path.join(directory, VMCORE))
  const sizeBytes = statSync(path.join(directory, VMCORE)).size
  const seconds = ((machine.now() - startMs) / 1000).toFixed(1)
  machine.say(`saving ${VMCORE} complete: ${formatMegabytes(sizeBytes)} MB in ${seconds} s`)
}

/** Written early and again at the end: a machine that dies between leaves what it knew. */
function saveManifest(
  { directory, config, machine, log, dumpFacts }: Recording,
  complete: boolean,
): void {
  const manifest: CaptureManifest = {
    version: 1,
    release: config.release,
    capturedAt: machine.date().toISOString(),
    complete,
    steps: log.steps,
    memAvailableMinBytes: log.memAvailableMinBytes,
    files: sizesOf(directory, [DMESG, VMCORE, `${VMCORE}-incomplete`, KEXEC_DMESG]),
    dump: dumpFacts,
  }
  const file = path.join(directory, MANIFEST)
  try {
    writeDurably(`${file}.tmp`, [JSON.stringify(manifest, null, 2), '\n'])
    renameDurably(`${file}.tmp`, file)
  } catch (error) {
    // On a full disk the manifest is what may be missing; the dump and the log come first.
    machine.say(`${MANIFEST} not written: ${describeError(error)}`)
    rmSync(`${file}.tmp`, { force: true })
  }
}

function sizesOf(directory: string, names: readonly string[]): Record<string, number> {
  const sizes: Record<string, number> = {}
  for (const name of names) {
    const stat = statSync(path.join(directory, name), { throwIfNoEntry: false })
    if (stat) sizes[name] = stat.size
  }
  return sizes
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
