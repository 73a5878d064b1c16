// Loads and unloads the crash image: kexec_file_load(2), and kexec_load(2) through the kexec program where that does not do.
// Source: kexec-tools' kexec -a for which refusals the other call is tried at.
import { closeSync, openSync } from 'node:fs'
import { HostError, UnsupportedError } from '../../../core/base/errors.ts'
import { KEXEC_FILE_ON_CRASH, KEXEC_FILE_UNLOAD, kexecFileLoad } from '../../platform/syscalls.ts'
import { findKexecProgram, loadByProgram, unloadByProgram } from './kexec_program.ts'
import type { LoadSettings } from '../config/load_settings.ts'

/** What is loaded to wait for a crash. */
export interface CrashImage {
  readonly kernel: string
  readonly initrd: string
  readonly cmdline: string
}

/** How it was loaded. */
export interface LoadedBy {
  readonly call: 'kexec_file_load' | 'kexec_load'
  /** Why not the other call; '' for kexec_file_load at the first try. */
  readonly reason: string
}

/** Refusals that say "not by this call"; the others (signatures above all) are final. */
const TRY_OTHER_CALL: readonly string[] = ['ENOSYS', 'EINVAL', 'ENOEXEC', 'ENOTSUP', 'EOPNOTSUPP']

/**
 * Load the capture kernel into the reserved memory, replacing the one that is there. The kernel drops the old image
 * first: after a failure nothing may be loaded.
 *
 * @param mode which call, as KEXEC_ARGS says
 * @throws {HostError} with the kernel's errno; `explainKexecError` puts it into words
 */
export function loadCrashImage(
  image: CrashImage,
  mode: LoadSettings['kexecMode'] = '-a',
): LoadedBy {
  if (mode === '-c') {
    loadByProgram(image)
    return { call: 'kexec_load', reason: 'KEXEC_ARGS has -c' }
  }
  try {
    loadByFile(image)
    return { call: 'kexec_file_load', reason: '' }
  } catch (error) {
    if (mode === '-s' || !isOtherCallWorthIt(error)) throw error
    loadByProgram(image)
    return { call: 'kexec_load', reason: describeRefusal(error) }
  }
}

/** Unload the capture kernel. @throws {HostError} with the kernel's errno */
export function unloadCrashImage(): void {
  try {
    kexecFileLoad(-1, -1, '', KEXEC_FILE_UNLOAD | KEXEC_FILE_ON_CRASH)
  } catch (error) {
    if (!isOtherCallWorthIt(error)) throw error
    unloadByProgram()
  }
}

function loadByFile({ kernel, initrd, cmdline }: CrashImage): void {
  const kernelFd = openSync(kernel, 'r')
  try {
    const initrdFd = openSync(initrd, 'r')
    try {
      kexecFileLoad(kernelFd, initrdFd, cmdline, KEXEC_FILE_ON_CRASH)
    } finally {
      closeSync(initrdFd)
    }
  } finally {
    closeSync(kernelFd)
  }
}

/** Without the program the first refusal is the better message. */
function isOtherCallWorthIt(error: unknown): boolean {
  if (findKexecProgram() === undefined) return false
  if (error instanceof UnsupportedError) return true
  return error instanceof HostError && TRY_OTHER_CALL.includes(error.errno)
}

function describeRefusal(error: unknown): string {
  const said = error instanceof HostError ? error.errno : 'this architecture has no such call'
  return `kexec_file_load: ${said}`
}
