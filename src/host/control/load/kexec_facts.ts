// Facts about machine and image that tell one cause of a refused load from another.
import { readFact } from '../../platform/fact_tree.ts'
import { readKernelFormat, type KernelFormat } from './kernel/kernel_format.ts'
import { readImaAppraisesKernels, readSecureBoot, readTrustedKeys } from './secure_boot.ts'

/** What the machine allows. */
export interface KexecFacts {
  /** `none`, `integrity` or `confidentiality`; '' when the kernel has no lockdown. */
  readonly lockdown: string
  /** kernel.kexec_load_disabled is 1. */
  readonly loadDisabled: boolean
  /** kernel.kexec_load_limit_panic counts down to 0. */
  readonly isLimitReached: boolean
  readonly isRoot: boolean
  /** CAP_SYS_BOOT is effective. */
  readonly hasCapability: boolean
  /** Undefined where the firmware does not say. */
  readonly secureBoot: boolean | undefined
  /** IMA's policy checks kernels; undefined where it cannot be read. */
  readonly imaAppraises: boolean | undefined
  /** Names of the kernel's keys. */
  readonly trustedKeys: readonly string[]
  readonly reservedBytes: number
  /** Bytes of kernel and initrd together; 0 for an unload. */
  readonly imageBytes: number
  /** The kernel file; undefined for an unload, or when it cannot be read. */
  readonly kernel: KernelFormat | undefined
}

const CAP_SYS_BOOT = 22n

/**
 * Read what explains a refusal.
 *
 * @param image bytes of kernel and initrd, and the kernel file; nothing for an unload
 * @param root where sys/ and proc/ are found
 */
export function readKexecFacts(
  reservedBytes: number,
  image: { readonly bytes: number; readonly kernel?: string } = { bytes: 0 },
  root = '/',
): KexecFacts {
  const lockdown = readFact(root, 'sys/kernel/security/lockdown') ?? ''
  const effective = /^CapEff:\s*([0-9a-f]+)$/m.exec(readFact(root, 'proc/self/status') ?? '')?.[1]
  return {
    lockdown: /\[(\w+)\]/.exec(lockdown)?.[1] ?? '',
    loadDisabled: readFact(root, 'proc/sys/kernel/kexec_load_disabled') === '1',
    isLimitReached: readFact(root, 'proc/sys/kernel/kexec_load_limit_panic') === '0',
    isRoot: process.getuid?.() === 0,
    hasCapability:
      effective === undefined || ((BigInt(`0x${effective}`) >> CAP_SYS_BOOT) & 1n) === 1n,
    secureBoot: readSecureBoot(root),
    imaAppraises: readImaAppraisesKernels(root),
    trustedKeys: readTrustedKeys(root),
    reservedBytes,
    imageBytes: image.bytes,
    kernel: image.kernel === undefined ? undefined : tryReadFormat(image.kernel),
  }
}

function tryReadFormat(file: string): KernelFormat | undefined {
  try {
    return readKernelFormat(file)
  } catch {
    return undefined
  }
}
