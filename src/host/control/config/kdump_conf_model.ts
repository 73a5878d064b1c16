// What a kdump configuration says, whichever dialect it was written in: kdump.conf, SUSE's and Debian's yield the same.
import type { FailureAction, FinalAction } from '../../capture/capture_config.ts'
import type { DeviceName } from '../../target/find_filesystem.ts'
import type { FilesystemType } from '../../target/superblock.ts'
import { type CoreCollector, DEFAULT_COLLECTOR } from './core_collector.ts'

/** Where dumps go, as written. */
export type ConfTarget =
  /** The file system that holds `path`. */
  | { readonly kind: 'path' }
  | {
      readonly kind: 'filesystem'
      readonly fstype: FilesystemType
      readonly device: DeviceName
      readonly line: number
    }
  | { readonly kind: 'raw'; readonly device: DeviceName; readonly line: number }
  | {
      readonly kind: 'nfs'
      /** Name or address; IPv6 without brackets. */
      readonly server: string
      readonly export: string
      /** Mount options, comma separated, such as `vers=3`; '' for the kernel's choice. */
      readonly options: string
      readonly line: number
    }
  | {
      readonly kind: 'ssh'
      readonly user: string
      readonly host: string
      readonly port: number
      readonly line: number
    }
  | {
      readonly kind: 'http'
      /** Folder that dumps are put into: `https://host[:port]/path`. */
      readonly url: string
      /** File that holds the bearer token; '' for none. */
      readonly tokenFile: string
      readonly line: number
    }

/** Programs run around the dump; paths on this machine. */
export interface ConfHooks {
  /** kdump_pre, then `/etc/kdump/pre.d`. */
  readonly pre: string | undefined
  readonly post: string | undefined
  readonly emergency: string | undefined
}

/** Who makes the capture initramfs. */
export type InitramfsBackend = 'auto' | 'builtin' | 'dracut' | 'initramfs-tools'

/** What dumps below `path` are kept; undefined sets no limit. */
export interface ConfRetention {
  readonly count: number | undefined
  readonly bytes: number | undefined
  readonly ageDays: number | undefined
}

/** Where it is noted who did what with a dump. */
export interface ConfAccessLog {
  /** '' for no log. */
  readonly file: string
  /** What cannot be noted is not done. */
  readonly isRequired: boolean
}

/** A configuration as we act on it. */
export interface KdumpConf {
  /** In the order they are tried; at least one. More than one is our extension (`fallback`). */
  readonly targets: readonly ConfTarget[]
  /** Directory of the dumps: in the target, or absolute when the target is the file system that holds it. */
  readonly path: string
  /** Private key of ssh targets. */
  readonly sshKey: string
  readonly coreCollector: CoreCollector
  readonly failureAction: FailureAction
  readonly finalAction: FinalAction
  readonly hooks: ConfHooks
  readonly extraModules: readonly string[]
  readonly extraBins: readonly string[]
  /** Modules that must not be loaded, from the old `blacklist`. */
  readonly omitModules: readonly string[]
  /** Options of modules, `module.option=value`, from the old `options`. */
  readonly moduleOptions: readonly string[]
  /** `rd.memdebug=` for dracut's images, 0 to 3, from the old `debug_mem_level`. */
  readonly memoryDebugLevel: number
  /** How long to wait for the target's device, from the old `disk_timeout`; undefined: our default. */
  readonly deviceTimeoutSeconds: number | undefined
  /** How long a network link may take to work, from the old `link_delay`; undefined: our default. */
  readonly linkTimeoutSeconds: number | undefined
  readonly forceRebuild: boolean
  readonly forceNoRebuild: boolean
  readonly autoResetCrashkernel: boolean
  readonly initramfs: InitramfsBackend
  /** Arguments for dracut, as written. */
  readonly dracutArgs: string
  readonly fenceKdumpArgs: string
  readonly fenceKdumpNodes: readonly string[]
  /** Public keys of age; none: dumps are not encrypted. */
  readonly encryptTo: readonly string[]
  /** Private SSH key that signs manifests; '' for none. */
  readonly signKey: string
  readonly retention: ConfRetention
  readonly accessLog: ConfAccessLog
  /** Make the report beside a dump after the boot. */
  readonly autoReport: boolean
}

/** kdumpctl's key where kdump.conf names none. */
export const DEFAULT_SSH_KEY = '/root/.ssh/kdump_id_rsa'

/** What an empty file means. */
export const DEFAULT_CONF: KdumpConf = {
  targets: [{ kind: 'path' }],
  path: '/var/crash',
  sshKey: DEFAULT_SSH_KEY,
  coreCollector: DEFAULT_COLLECTOR,
  failureAction: 'reboot',
  finalAction: 'reboot',
  hooks: { pre: undefined, post: undefined, emergency: undefined },
  extraModules: [],
  extraBins: [],
  omitModules: [],
  moduleOptions: [],
  memoryDebugLevel: 0,
  deviceTimeoutSeconds: undefined,
  linkTimeoutSeconds: undefined,
  forceRebuild: false,
  forceNoRebuild: false,
  autoResetCrashkernel: true,
  initramfs: 'auto',
  dracutArgs: '',
  fenceKdumpArgs: '',
  fenceKdumpNodes: [],
  encryptTo: [],
  signKey: '',
  retention: { count: undefined, bytes: undefined, ageDays: undefined },
  accessLog: { file: '', isRequired: false },
  autoReport: true,
}
