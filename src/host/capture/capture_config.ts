// What `kbox start` tells the capture kernel: one JSON file in the initramfs. Written by control/, read here.
import { FormatError } from '../../core/base/errors.ts'
import type { CodecName } from '../../core/codec/codec.ts'
import { Members } from '../platform/members.ts'
import { parseNetworkPlan, type NetworkPlan } from '../target/network/network_plan.ts'
import { parsePlace, type CapturePlace } from '../target/place.ts'

/** What to do when the dump fails. */
export type FailureAction = 'reboot' | 'halt' | 'poweroff' | 'shell' | 'dump_to_rootfs'
/** What to do at the end. */
export type FinalAction = 'reboot' | 'halt' | 'poweroff'

/** A part of a block device, in bytes. */
export interface Extent {
  readonly offsetBytes: number
  readonly sizeBytes: number
}

/**
 * A file of this machine that the capture kernel writes to past its file system, block by block: what it did and, where
 * no target took it, the log. The next boot reads it as a file. It is written to only where its blocks hold `nonce`.
 */
export interface BreadcrumbPlace {
  /** UUID of the file system, and its node when the machine was armed. */
  readonly uuid: string
  readonly node: string
  /** Where the file lies on the device, in order. */
  readonly extents: readonly Extent[]
  /** What the file begins with. */
  readonly nonce: string
}

/** Programs to run, paths in the image, in order. */
export interface CaptureHooks {
  /** The first of them, kdump_pre itself, decides whether a dump is taken. */
  readonly pre: readonly CaptureHook[]
  readonly post: readonly CaptureHook[]
  readonly emergency: readonly CaptureHook[]
}

/** One program. */
export interface CaptureHook {
  readonly file: string
  /** Its failure is a failure of the capture (kdump_pre), or only noted (pre.d). */
  readonly isDecisive: boolean
}

/** fence_kdump_send: tells the cluster that this machine dumps and must not be fenced. */
export interface CaptureFence {
  /** A path in the image. */
  readonly file: string
  readonly args: readonly string[]
}

/** Everything the recorder must know. */
export interface CaptureConfig {
  readonly version: 2
  /** Tried in turn until one has taken the dump. */
  readonly targets: readonly CapturePlace[]
  /** Where `dump_to_rootfs` goes; absent for other failure actions. */
  readonly rootfs?: CapturePlace
  /** Absent where no target needs one. */
  readonly network?: NetworkPlan
  /** Absent where this machine has no disk that could be written to that way. */
  readonly breadcrumb?: BreadcrumbPlace
  readonly hooks: CaptureHooks
  /** Absent where no cluster is to be told. */
  readonly fence?: CaptureFence
  /** A watchdog was armed, so that it still runs: /init pets it. */
  readonly petsWatchdogs?: boolean
  readonly failureAction: FailureAction
  readonly finalAction: FinalAction
  readonly codec: CodecName | 'none'
  /** `elf` stores pages as they are; `kdump` if absent. */
  readonly format?: 'elf'
  /** Threads that compress; absent: as many as there is no reason for more. */
  readonly threads?: number
  /** Print no progress. */
  readonly isQuiet?: boolean
  /** Public keys of age: dump and log reach no target unless encrypted to them. */
  readonly encryptTo?: readonly string[]
  /** Dump levels to try in turn while the target is too small; what fits of the last one is kept. */
  readonly dumpLevels: readonly number[]
  readonly pageOrder: 'priority' | 'pfn'
  /** How long the target's device or server may take to answer. */
  readonly deviceTimeoutMs: number
  /** How long one hook may run. */
  readonly hookTimeoutMs: number
  /** The machine is left when no byte was written for so long. */
  readonly stallTimeoutMs: number
  /** The machine is left after so long in any case. */
  readonly overallTimeoutMs: number
  /** IANA name of the machine's time zone, for the directory's name. */
  readonly timeZone: string
  /** Release of the kernel that was armed. */
  readonly release: string
  /** This crash is a test: from the command line, never in the file. */
  readonly testId?: string
}

/** No programs. */
export const NO_HOOKS: CaptureHooks = { pre: [], post: [], emergency: [] }

/**
 * Parse the JSON of the initramfs.
 *
 * @throws {FormatError} naming the member that is missing or of the wrong kind
 */
export function parseCaptureConfig(file: string, text: string): CaptureConfig {
  const read = Members.parse(file, text)
  if (read.number('version') !== 2) throw new FormatError(file, 0, 'version is not 2')
  const targets = read.objects('targets').map(parsePlace)
  const dumpLevels = read.numbers('dumpLevels')
  if (targets.length === 0) throw new FormatError(file, 0, 'targets is empty')
  if (dumpLevels.length === 0) throw new FormatError(file, 0, 'dumpLevels is empty')
  return {
    version: 2,
    targets,
    ...(read.has('rootfs') ? { rootfs: parsePlace(read.object('rootfs')) } : {}),
    ...(read.has('network') ? { network: parseNetworkPlan(read.object('network')) } : {}),
    ...(read.has('breadcrumb') ? { breadcrumb: parseBreadcrumb(read.object('breadcrumb')) } : {}),
    hooks: parseHooks(read.object('hooks')),
    ...(read.has('fence') ? { fence: parseFence(read.object('fence')) } : {}),
    ...(read.has('petsWatchdogs') ? { petsWatchdogs: read.boolean('petsWatchdogs') } : {}),
    failureAction: read.oneOf('failureAction', [
      'reboot',
      'halt',
      'poweroff',
      'shell',
      'dump_to_rootfs',
    ]),
    finalAction: read.oneOf('finalAction', ['reboot', 'halt', 'poweroff']),
    codec: read.oneOf('codec', ['none', 'zlib', 'lzo', 'snappy', 'zstd']),
    ...(read.has('format') ? { format: read.oneOf('format', ['elf']) } : {}),
    ...(read.has('threads') ? { threads: read.number('threads') } : {}),
    ...(read.has('isQuiet') ? { isQuiet: read.boolean('isQuiet') } : {}),
    ...(read.has('encryptTo') ? { encryptTo: read.strings('encryptTo') } : {}),
    dumpLevels,
    pageOrder: read.oneOf('pageOrder', ['priority', 'pfn']),
    deviceTimeoutMs: read.number('deviceTimeoutMs'),
    hookTimeoutMs: read.number('hookTimeoutMs'),
    stallTimeoutMs: read.number('stallTimeoutMs'),
    overallTimeoutMs: read.number('overallTimeoutMs'),
    timeZone: read.string('timeZone'),
    release: read.string('release'),
  }
}

function parseBreadcrumb(read: Members): BreadcrumbPlace {
  return {
    uuid: read.string('uuid'),
    node: read.string('node'),
    extents: read.objects('extents').map((extent) => ({
      offsetBytes: extent.number('offsetBytes'),
      sizeBytes: extent.number('sizeBytes'),
    })),
    nonce: read.string('nonce'),
  }
}

function parseFence(read: Members): CaptureFence {
  return { file: read.string('file'), args: read.strings('args') }
}

function parseHooks(read: Members): CaptureHooks {
  const hooks = (name: string): CaptureHook[] =>
    read.objects(name).map((hook) => ({
      file: hook.string('file'),
      isDecisive: hook.boolean('isDecisive'),
    }))
  return { pre: hooks('pre'), post: hooks('post'), emergency: hooks('emergency') }
}
