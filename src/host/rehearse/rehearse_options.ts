// What a rehearsal is made of.
import type { KdumpConf } from '../control/config/kdump_conf_model.ts'
import type { GuestFile, GuestNetwork } from './guest_root.ts'
import type { DiskBus, MachineCard } from './machine_spec.ts'
import type { RehearseStep, StepName } from './rehearse_result.ts'
import type { Scenario } from './scenario.ts'

/** What is rehearsed, on what, and who is told. */
export interface RehearseOptions {
  readonly kernel: string
  /** Folder with its modules, see findModuleFolder(); undefined to look for them. */
  readonly modules?: string | undefined
  /** kdump.conf as written, and as understood. */
  readonly kdumpConf: string
  readonly conf: KdumpConf
  readonly memoryBytes: number
  readonly cpus: number
  /** Value of crashkernel=. */
  readonly crashkernel: string
  readonly scenario: Scenario
  /** runtime.squashfs to run kbox from, in the guest and in its capture kernel. */
  readonly runtime: string
  /** For all of it. */
  readonly timeoutMs: number
  /** Folder for the dump, the truth and the logs, which is made if need be; undefined to keep nothing. */
  readonly keep?: string | undefined
  /** Whether the guest is busy, as machines are that crash; true if not given. */
  readonly workload?: boolean
  /** Whether the guest writes down its /proc; by default when something is kept. */
  readonly takeTruth?: boolean
  /** Called when a step begins, and when it has ended. */
  readonly onStep?: (name: StepName, ended: RehearseStep | undefined) => void
  /** Called with what the commands that arm the guest have printed. */
  readonly onArmed?: (output: string) => void
  /** Size of the second disk; by default, all of memory fits. */
  readonly targetSizeBytes?: number
  /** How the second disk is attached; virtio if not given. */
  readonly targetBus?: DiskBus
  /** More files for the guest's root. */
  readonly files?: readonly GuestFile[]
  /** Names of files that something else leaves in the folder of the dumps, to be kept as well. */
  readonly alsoKeep?: readonly string[]
  /** Files of the guest's root to be kept as they are after the crash, below `root` of `keep`; they may be missing. */
  readonly keepFiles?: readonly string[]
  /** The second disk cannot be written to. */
  readonly isTargetReadOnly?: boolean
  /** More devices of the guest, as QEMU's `-device` takes them. */
  readonly devices?: readonly string[]
  /** Network cards of the guest. */
  readonly cards?: readonly MachineCard[]
  /** What the first card gets; 10.0.2.15/24 and 10.0.2.2, as QEMU's user network has it, if not given. */
  readonly network?: GuestNetwork
  /**
   * Folder of this machine in which a server finds what the guest sends it, or what fetches it from a server elsewhere and
   * returns the folder: dumps are collected from there.
   */
  readonly receivedIn?: string | (() => Promise<string>)
  /** Secret keys of age for a dump that is encrypted; undefined: $KBOX_IDENTITY. */
  readonly identity?: string | undefined
  /** Called with the images of all disks when the machine is down and nobody has touched them. */
  readonly onDisks?: (images: readonly string[]) => void
  /** Command lines that arm the guest instead of DEFAULT_ARM. */
  readonly arm?: readonly (readonly string[])[]
}

/** How a machine is armed. */
export const DEFAULT_ARM: readonly (readonly string[])[] = [
  ['kbox', 'start', '--verbose'],
  ['kbox', 'status'],
  ['kbox', 'showmem'],
]

/** The configuration rehearsed when there is none: a file system of its own, zstd, level 31. */
export const DEFAULT_KDUMP_CONF = `ext4 LABEL=crash
path /var/crash
core_collector makedumpfile -z --message-level 7 -d 31
failure_action reboot
final_action reboot
`
