// What every boot loader is to us: entries with command lines, and edits that change them. Planning only reads.
import type { FileEdit } from './file_edit.ts'
import type { ArgChange } from './kernel_args.ts'

/** Where a boot loader's configuration is, and whether its programs can be run. */
export interface BootContext {
  /** `/`, or a folder with a copied tree. */
  readonly root: string
  /**
   * Run a program of this machine and return what it prints; absent when a tree is only looked at.
   *
   * @throws {HostError} if it fails
   */
  readonly run?: (argv: readonly string[]) => string
}

/** One thing that can be booted. */
export interface BootEntry {
  /** As the boot loader counts, undefined where it does not. */
  readonly index: number | undefined
  /** Path of the kernel, or `ALL` where one command line serves every kernel. */
  readonly kernel: string
  /** Name that tells entries of one kernel apart: a file's, mostly. */
  readonly id: string
  /** The command line it would boot with, variables replaced. */
  readonly args: string
  readonly isDefault: boolean
}

/** What is to become of one entry. */
export interface EntryChange {
  readonly entry: BootEntry
  readonly changes: readonly ArgChange[]
}

/** Edits and then commands. */
export interface BootPlan {
  readonly edits: readonly FileEdit[]
  /** Programs that make the edits take effect, in order. */
  readonly commands: readonly (readonly string[])[]
  /** What a person should know: what could not be changed, what comes later. */
  readonly notes: readonly string[]
}

/** One boot loader; one file each in loaders/, all in boot_loaders.ts. */
export interface BootLoader {
  readonly name: string
  /** How it keeps command lines. */
  readonly summary: string
  /** Whether this machine's kernels are started by it. */
  readonly probe: (context: BootContext) => boolean
  /** In its own order, the newest kernel first. */
  readonly readEntries: (context: BootContext) => BootEntry[]
  /**
   * Plan the changes.
   *
   * @param isAll all entries are meant, so that kernels installed later get them too
   * @throws {KdumpError} if it cannot be done
   */
  readonly plan: (context: BootContext, changes: readonly EntryChange[], isAll: boolean) => BootPlan
}
