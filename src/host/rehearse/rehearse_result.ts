// What a rehearsal found out, as data; `kbox rehearse --json` prints it as it is.
import type { Accelerator } from './machine_spec.ts'
import type { MachineEnd } from './machine.ts'

/** The road of a crash, in order. */
export const STEPS = [
  ...(['prepare', 'boot', 'workload', 'arm', 'truth'] as const),
  ...(['crash', 'dmesg', 'dump', 'reboot', 'collect', 'open'] as const),
] as const
/** A step of the road. */
export type StepName = (typeof STEPS)[number]

/** What each step is, for people. */
export const STEP_TEXT: Readonly<Record<StepName, string>> = {
  prepare: 'disks and initramfs made, accelerator chosen',
  boot: 'kernel booted to user space',
  workload: 'processes, files and sockets started',
  arm: 'capture image built and loaded by kbox start',
  truth: 'its own /proc saved, to check the dump against',
  crash: 'crash to running capture kernel',
  dmesg: 'vmcore-dmesg.txt on the disk',
  dump: 'vmcore on the disk',
  reboot: 'capture kernel left the machine',
  collect: 'files copied from the scratch disk',
  open: 'dump opened',
}

/** How one step went. */
export interface RehearseStep {
  readonly name: StepName
  readonly ok: boolean
  /** By the host's clock. */
  readonly ms: number
  /** '' when it went well. */
  readonly error: string
  /** Last lines of the console when it failed. */
  readonly console: readonly string[]
}

/** What the capture kernel says of itself, from the kbox.json beside the dump. */
export interface CaptureFacts {
  readonly complete: boolean
  readonly memAvailableMinBytes: number
  /** Its own steps, by its own clock. */
  readonly steps: readonly {
    readonly name: string
    readonly ms: number
    readonly ok: boolean
    readonly error: string
  }[]
}

/** What a look into the dump says. */
export interface DumpFacts {
  /** vmcore, or vmcore-incomplete. */
  readonly file: string
  readonly sizeBytes: number
  readonly opens: boolean
  /** Why it does not open; '' if it does. */
  readonly error: string
  readonly openMs: number
  readonly panicMessage: string
  /** Command name and PID of the task that died. */
  readonly panicTask: string
  /** Function names, innermost first. */
  readonly backtrace: readonly string[]
  /** How the backtrace ended: 'user', 'end' or 'lost'. */
  readonly backtraceEnd: string
  readonly taskCount: number
}

/** The whole rehearsal. */
export interface RehearseResult {
  readonly version: 1
  /** All steps went well, and the dump says what the scenario did. */
  readonly ok: boolean
  readonly scenario: string
  readonly release: string
  readonly kernel: string
  readonly accelerator: Accelerator
  readonly memoryBytes: number
  readonly cpus: number
  readonly crashkernel: string
  readonly steps: readonly RehearseStep[]
  readonly end: MachineEnd | undefined
  readonly capture: CaptureFacts | undefined
  readonly dump: DumpFacts | undefined
  /** Folder that keeps the dump and the logs; '' if nothing was kept. */
  readonly kept: string
}
