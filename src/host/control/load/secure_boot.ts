// Whether the firmware checks signatures, and which keys the kernel trusts: what decides which kernels may be loaded.
// Source: UEFI specification 32.3 (SecureBoot, SetupMode); Documentation/arch/powerpc/secureboot; keyctl's /proc/keys.
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { readFact } from '../../platform/fact_tree.ts'

const EFI_GLOBAL = '8be4df61-93ca-11d2-aa0d-00e098032b8c'
/** More keys than this are not listed. */
const KEYS_MAX = 32

/** Is Secure Boot enforced? Undefined where the firmware does not say. @param root where sys/ and proc/ are found */
export function readSecureBoot(root = '/'): boolean | undefined {
  const enabled = readEfiByte(root, 'SecureBoot')
  if (enabled !== undefined) return enabled === 1 && readEfiByte(root, 'SetupMode') !== 1
  const ipl = readFact(root, 'sys/firmware/ipl/secure')
  if (ipl !== undefined) return ipl === '1'
  const tree = 'proc/device-tree/ibm,secure-boot'
  const power = readBytes(path.join(root, tree))
  // Big-endian u32: 2 and more enforce.
  return power && power.length >= 4 ? (power[3] ?? 0) >= 2 : undefined
}

/**
 * List the names of the asymmetric keys the kernel holds.
 *
 * @param root where proc/ is found; only keys that the reader may see are in proc/keys
 */
export function readTrustedKeys(root = '/'): string[] {
  const names = new Set<string>()
  for (const line of (readFact(root, 'proc/keys') ?? '').split('\n')) {
    // ID flags usage expiry permissions uid gid type description: "… asymmetri Debian Secure Boot CA: 6cce…: X509.rsa …"
    const match = /^\s*[0-9a-f]+ \S+ +\d+ +\S+ [0-9a-f]+ +\d+ +\d+ asymmetri (.*?): /.exec(line)
    if (match?.[1] && names.size < KEYS_MAX) names.add(match[1])
  }
  return [...names]
}

/** Does IMA's policy check kernels that are loaded by kexec? Undefined where the policy cannot be read. */
export function readImaAppraisesKernels(root = '/'): boolean | undefined {
  const policy = readFact(root, 'sys/kernel/security/ima/policy')
  if (policy === undefined) return undefined
  return policy
    .split('\n')
    .some((line) => /^appraise\b/.test(line) && /func=KEXEC_KERNEL_CHECK\b/.test(line))
}

/** efivarfs puts four bytes of attributes in front of a variable's value. */
function readEfiByte(root: string, name: string): number | undefined {
  return readBytes(path.join(root, 'sys/firmware/efi/efivars', `${name}-${EFI_GLOBAL}`))?.[4]
}

function readBytes(file: string): Uint8Array | undefined {
  try {
    return readFileSync(file)
  } catch {
    return undefined
  }
}
