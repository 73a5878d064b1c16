// Loads and unloads the crash image with kexec_file_load(2), and explains each way the kernel refuses.
// Source: kernel/kexec_file.c, arch/x86/kernel/kexec-bzimage64.c, crypto/asymmetric_keys/verify_pefile.c.
import { closeSync, openSync, readFileSync } from 'node:fs'
import path from 'node:path'
import type { HostError } from '../../core/base/errors.ts'
import { KEXEC_FILE_ON_CRASH, KEXEC_FILE_UNLOAD, kexecFileLoad } from '../platform/syscalls.ts'

/** What is loaded to wait for a crash. */
export interface CrashImage {
  readonly kernel: string
  readonly initrd: string
  readonly cmdline: string
}

/** Facts that tell one cause of an errno from another. */
export interface KexecFacts {
  /** `none`, `integrity` or `confidentiality`; '' when the kernel has no lockdown. */
  readonly lockdown: string
  /** kernel.kexec_load_disabled is 1. */
  readonly loadDisabled: boolean
  readonly isRoot: boolean
  readonly reservedBytes: number
  /** Bytes of kernel and initrd together; 0 for an unload. */
  readonly imageBytes: number
}

/**
 * Load the capture kernel into the reserved memory, replacing the one that is there.
 *
 * @throws {HostError} with the kernel's errno; `explainKexecError` puts it into words
 */
export function loadCrashImage({ kernel, initrd, cmdline }: CrashImage): void {
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

/** Unload the capture kernel. @throws {HostError} with the kernel's errno */
export function unloadCrashImage(): void {
  kexecFileLoad(-1, -1, '', KEXEC_FILE_UNLOAD | KEXEC_FILE_ON_CRASH)
}

/** Read what explains a refusal. @param root where sys/ and proc/ are found */
export function readKexecFacts(reservedBytes: number, imageBytes: number, root = '/'): KexecFacts {
  const lockdown =
    /\[(\w+)\]/.exec(readText(path.join(root, 'sys/kernel/security/lockdown')))?.[1] ?? ''
  const disabled = readText(path.join(root, 'proc/sys/kernel/kexec_load_disabled'))
  return {
    lockdown,
    loadDisabled: disabled === '1',
    isRoot: process.getuid?.() === 0,
    reservedBytes,
    imageBytes,
  }
}

/** Explain a failed load or unload: the cause, then the remedy. */
export function explainKexecError(error: HostError, facts: KexecFacts): string {
  const explain = EXPLANATIONS[error.errno]
  return explain ? `${error.errno}: ${explain(facts)}` : error.message
}

const megabytes = (bytes: number): string => `${Math.ceil(bytes / 2 ** 20)} MB`

const tooSmall = ({ reservedBytes, imageBytes }: KexecFacts): string =>
  `the crash kernel reservation (${megabytes(reservedBytes)}) has no room for kernel and initramfs ` +
  `(${megabytes(imageBytes)}): raise crashkernel= and reboot`

const EXPLANATIONS: Readonly<Record<string, (facts: KexecFacts) => string>> = {
  EPERM(facts) {
    if (!facts.isRoot) return 'only root may load a crash kernel: run as root'
    if (facts.loadDisabled)
      return 'kernel.kexec_load_disabled is 1 until the next boot: find who set it (sysctl.d)'
    if (facts.lockdown !== '' && facts.lockdown !== 'none') {
      return `the kernel is locked down (${facts.lockdown}) and takes only signed kernels: use the distribution's vmlinuz`
    }
    return 'CAP_SYS_BOOT is missing, or the limit kernel.kexec_load_limit_panic is used up'
  },
  ENOSYS: () =>
    'this kernel has no kexec_file_load (CONFIG_KEXEC_FILE): use a kernel built with it',
  EBUSY: () => 'another program is loading a kernel: try again',
  ENOEXEC: () => 'the kernel file is not one this machine can boot: give its vmlinuz (bzImage)',
  EINVAL: () =>
    'the kernel refused image or command line: too long a command line, or a kernel that is not relocatable',
  ENOMEM: tooSmall,
  EADDRNOTAVAIL: tooSmall,
  ENOKEY: () =>
    'the kernel file is signed with a key this kernel does not know: use the vmlinuz of a trusted vendor, or enrol the key (mokutil)',
  EKEYREJECTED: () =>
    'the signature of the kernel file does not match it: reinstall the kernel package',
  EKEYREVOKED: () => 'the key that signed the kernel file is revoked: update the kernel',
  EKEYEXPIRED: () => 'the key that signed the kernel file has expired: update the kernel',
  ENODATA: () =>
    'the kernel file carries no signature and this kernel demands one: use the signed vmlinuz',
  EBADMSG: () => 'the signature of the kernel file is malformed: reinstall the kernel package',
  ELIBBAD: () =>
    'the kernel file is not a sound PE image, so its signature cannot be checked: reinstall the kernel package',
  ENOPKG: () =>
    "the kernel lacks the algorithm of the kernel file's signature: use a kernel signed for it",
  ETXTBSY: () =>
    'the kernel or initramfs file is being written: wait until the writer has closed it',
  EFBIG: () => 'the kernel or initramfs file is too large for the kernel to read: make it smaller',
  EACCES: () => 'a security policy (IMA, SELinux) forbids loading this file: see the audit log',
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim()
  } catch {
    return ''
  }
}
