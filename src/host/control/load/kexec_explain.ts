// The kernel's refusals of kexec_file_load(2) and kexec_load(2) in words: the cause, then the remedy.
// Source: kernel/kexec_file.c, kernel/kexec.c, arch/x86/kernel/kexec-bzimage64.c, crypto/asymmetric_keys/verify_pefile.c.
import type { HostError } from '../../../core/base/errors.ts'
import type { KexecFacts } from './kexec_facts.ts'

/** Explain a failed load or unload. */
export function explainKexecError(error: HostError, facts: KexecFacts): string {
  const explain = EXPLANATIONS[error.errno]
  return explain ? `${error.errno}: ${explain(facts)}` : error.message
}

const megabytes = (bytes: number): string => `${Math.ceil(bytes / 2 ** 20)} MB`

const tooSmall = ({ reservedBytes, imageBytes }: KexecFacts): string =>
  reservedBytes === 0
    ? 'no memory is reserved for a crash kernel: add crashkernel= to the command line and reboot'
    : `the crash kernel reservation (${megabytes(reservedBytes)}) has no room for kernel and initramfs ` +
      `(${megabytes(imageBytes)}): raise crashkernel= and reboot`

/** Who signed the file, and whom the kernel believes. */
function describeSignature({ kernel, trustedKeys, secureBoot }: KexecFacts): string {
  const said: string[] = []
  if (kernel && !kernel.isSigned) said.push('the file is not signed')
  else if (kernel && kernel.signers.length > 0)
    said.push(`its signature names ${kernel.signers.join(', ')}`)
  if (trustedKeys.length > 0) said.push(`the kernel's keys are ${trustedKeys.join(', ')}`)
  if (secureBoot) said.push('Secure Boot is on')
  return said.length === 0 ? '' : ` (${said.join('; ')})`
}

function describeKind({ kernel }: KexecFacts): string {
  if (!kernel) return 'the kernel file is not one this machine can boot'
  if (kernel.bzImage && kernel.bzImage.problem !== '')
    return `the kernel file cannot be booted: ${kernel.bzImage.problem}`
  return kernel.kind === 'unknown'
    ? `the kernel file is no kernel (it begins ${kernel.beginsWith})`
    : `the kernel does not take this kind of file (${kernel.kind})`
}

const EXPLANATIONS: Readonly<Record<string, (facts: KexecFacts) => string>> = {
  EPERM(facts) {
    if (!facts.isRoot) return 'only root may load a crash kernel: run as root'
    if (facts.loadDisabled)
      return 'kernel.kexec_load_disabled is 1 until the next boot: find who set it (sysctl.d)'
    if (!facts.hasCapability)
      return 'CAP_SYS_BOOT is missing: run outside the container, or with that capability'
    if (facts.isLimitReached)
      return 'kernel.kexec_load_limit_panic is used up until the next boot: raise it in sysctl.d'
    if (facts.lockdown !== '' && facts.lockdown !== 'none') {
      return (
        `the kernel is locked down (${facts.lockdown}) and takes only signed kernels` +
        `${describeSignature(facts)}: use the distribution's vmlinuz`
      )
    }
    if (facts.imaAppraises)
      return "IMA's policy checks kernels (KEXEC_KERNEL_CHECK): use one with an IMA signature"
    return 'a security module forbids it: see the audit log and dmesg'
  },
  ENOSYS: () =>
    'this kernel has no kexec_file_load (CONFIG_KEXEC_FILE): install kexec-tools, which uses kexec_load, or a kernel built with it',
  ENOTSUP: () => 'this kernel cannot load crash kernels on this machine: see dmesg',
  EBUSY: () => 'another program is loading a kernel: try again',
  ENOEXEC: (facts) => `${describeKind(facts)}: give its vmlinuz`,
  EINVAL(facts) {
    if (facts.reservedBytes === 0) return tooSmall(facts)
    return 'the kernel refused image or command line: too long a command line, or a kernel that is not relocatable'
  },
  ENOMEM: tooSmall,
  EADDRNOTAVAIL: tooSmall,
  ENOKEY: (facts) =>
    `the kernel file is signed with a key this kernel does not know${describeSignature(facts)}: ` +
    'use the vmlinuz of a trusted vendor, or enrol the key (mokutil)',
  EKEYREJECTED(facts) {
    if (facts.kernel && !facts.kernel.isSigned)
      return `the kernel file carries no signature and this kernel demands one${describeSignature(facts)}: use the signed vmlinuz`
    return `the signature of the kernel file does not match it${describeSignature(facts)}: reinstall the kernel package`
  },
  EKEYREVOKED: () => 'the key that signed the kernel file is revoked: update the kernel',
  EKEYEXPIRED: () => 'the key that signed the kernel file has expired: update the kernel',
  ENODATA: (facts) =>
    `the kernel file carries no signature and this kernel demands one${describeSignature(facts)}: use the signed vmlinuz`,
  EBADMSG: () => 'the signature of the kernel file is malformed: reinstall the kernel package',
  EMSGSIZE: () =>
    'the signature of the kernel file has an impossible length: reinstall the kernel package',
  ELIBBAD: () =>
    'the kernel file is not a sound PE image, so its signature cannot be checked: reinstall the kernel package',
  ENOPKG: () =>
    "the kernel lacks the algorithm of the kernel file's signature: use a kernel signed for it",
  ETXTBSY: () =>
    'the kernel or initramfs file is being written: wait until the writer has closed it',
  EFBIG: () => 'the kernel or initramfs file is too large for the kernel to read: make it smaller',
  EACCES: () => 'a security policy (IMA, SELinux) forbids loading this file: see the audit log',
  EBADF: () => 'kernel or initramfs is not a regular file: copy it to a file system',
  ENOENT: () => 'the kernel found nothing to load: see dmesg',
  EIO: () => 'the disk that holds kernel or initramfs cannot be read: see dmesg',
  EINTR: () => 'the load was interrupted: try again',
}
