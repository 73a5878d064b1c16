// What the kernel says of its crash image: loaded or not, and how much memory is reserved.
// Since Linux 7.0 the files live in /sys/kernel/kexec/; the flat names are deprecated, so both are read.
import { readFileSync } from 'node:fs'
import path from 'node:path'

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

function readFirst(root: string, names: readonly string[]): string | undefined {
  for (const name of names) {
    try {
      return readFileSync(path.join(root, name), 'utf8').trim()
    } catch {
      // The other name may exist.
    }
  }
  return undefined
}
