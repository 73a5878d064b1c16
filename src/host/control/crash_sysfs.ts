// What the kernel says of its crash image: loaded or not, and how much memory is reserved.
// Since Linux 7.0 the files live in /sys/kernel/kexec/; the flat names are deprecated, so both are read.
import { readFact } from '../platform/fact_tree.ts'

/** The kernel's view of its crash image. */
export interface CrashState {
  /** False when the kernel has no kexec crash support. */
  readonly supported: boolean
  /** A capture kernel is loaded. */
  readonly loaded: boolean
  /** Bytes reserved for the capture kernel. */
  readonly reservedBytes: number
}

const LOADED = ['sys/kernel/kexec/crash_loaded', 'sys/kernel/kexec_crash_loaded']
const SIZE = ['sys/kernel/kexec/crash_size', 'sys/kernel/kexec_crash_size']

/** Read the state. @param root where sys/ is found */
export function readCrashState(root = '/'): CrashState {
  const loaded = readFirst(root, LOADED)
  return {
    supported: loaded !== undefined,
    loaded: loaded === '1',
    reservedBytes: Number(readFirst(root, SIZE) ?? 0),
  }
}

/** What the kernel keeps up to date itself when CPUs or memory come and go. */
export interface CrashHotplug {
  readonly cpu: boolean
  readonly memory: boolean
}

/** Read which changes need no reload. @param root where sys/ is found */
export function readCrashHotplug(root = '/'): CrashHotplug {
  const isKept = (what: string): boolean =>
    readFact(root, `sys/devices/system/${what}/crash_hotplug`) === '1'
  return { cpu: isKept('cpu'), memory: isKept('memory') }
}

function readFirst(root: string, names: readonly string[]): string | undefined {
  for (const name of names) {
    const value = readFact(root, name)
    if (value !== undefined) return value
  }
  return undefined
}
