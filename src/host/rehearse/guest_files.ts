// Where things lie in the guest. The builder of its root and the code that runs in it both name them from here.

export const GUEST = {
  /** The rehearsal's own configuration, as JSON. */
  plan: '/etc/kbox/rehearsal.json',
  kdumpConf: '/etc/kdump.conf',
  runtime: '/usr/lib/kbox/runtime.squashfs',
  /** Where the runtime is mounted. */
  mountpoint: '/run/kbox/runtime',
  /** Modules for PID 1 to load, unpacked: busybox does not know every compression. */
  modules: '/usr/lib/kbox/modules',
  truth: '/truth',
  channel: '/dev/ttyS1',
  /** Folder for the workload's files. */
  work: '/srv/work',
} as const

/** What the host tells the guest. */
export interface GuestPlan {
  readonly version: 1
  /** Command lines that arm the machine, run one after the other; the first that fails ends the rehearsal. */
  readonly arm: readonly (readonly string[])[]
  /** Written to /proc/sysrq-trigger at the end; '' when the host kills the machine. */
  readonly sysrq: string
  /** Nodes that kdump.conf names and the node each one is here. */
  readonly links: readonly (readonly [name: string, node: string])[]
  /** Whether the guest is busy: processes, files and sockets of many kinds. */
  readonly workload: boolean
  readonly takeTruth: boolean
}

/** Goes up when the workload or the truth changes, so that dumps kept for tests are made anew. Written to `truth/guest-version`. */
export const GUEST_VERSION = 3
