// What differs between kernels in reading and serving crashkernel=: the architecture, and how old the code is.
// Sources: arch/*/include/asm/crash_reserve.h, include/linux/crash_reserve.h, arch/x86/kernel/setup.c of v6.6.
import { UnsupportedError } from '../../../core/base/errors.ts'

const MIB = 2 ** 20
const GIB = 2 ** 30

/** Where an architecture puts a crash kernel. */
export interface CrashArch {
  /** As `uname -m` says it. */
  readonly name: string
  /** CRASH_ALIGN, bytes. */
  readonly alignBytes: number
  /** CRASH_ADDR_LOW_MAX: end of the memory that every device reaches. */
  readonly lowMax: number
  /** CRASH_ADDR_HIGH_MAX. */
  readonly highMax: number
  /** Least size of the automatic low part; 0 where there is none. */
  readonly defaultLowBytes: number
  /** The low part must hold a swiotlb and 8 MB. */
  readonly isLowForSwiotlb: boolean
  /** What page tables take of the very end of RAM before the crash kernel's turn comes (x86 maps memory top down). */
  readonly topTakenBytes: number
  /** Knows `,high` and `,low`: HAS_GENERIC_CRASHKERNEL_RESERVATION. */
  readonly hasHigh: boolean
}

const SIXTY_FOUR_TIB = 64 * 2 ** 40
const NO_LIMIT = 2 ** 52

/** The architectures whose rules are known. */
export const CRASH_ARCHS: readonly CrashArch[] = [
  {
    name: 'x86_64',
    alignBytes: 16 * MIB,
    lowMax: 4 * GIB,
    highMax: SIXTY_FOUR_TIB,
    defaultLowBytes: 256 * MIB,
    isLowForSwiotlb: true,
    topTakenBytes: 2 * MIB,
    hasHigh: true,
  },
  generic('aarch64', 4 * GIB),
  generic('riscv64', 4 * GIB),
  generic('loongarch64', 4 * GIB),
  // Their own code places it: anywhere.
  { ...generic('ppc64le', NO_LIMIT), alignBytes: 64 * 1024, defaultLowBytes: 0, hasHigh: false },
  { ...generic('s390x', NO_LIMIT), alignBytes: MIB, defaultLowBytes: 0, hasHigh: false },
]

/** How a kernel treats crashkernel=. */
export interface KernelKind {
  readonly arch: CrashArch
  /**
   * Since v6.7, commit 9c08a2a139fe ("x86: kdump: use generic interface to simplify crashkernel reservation code"), one
   * code serves all; x86's own, before, tries `,high` also when the plain form is invalid, and has other messages.
   */
  readonly isGeneric: boolean
  /** Knows the suffix `,cma`. Since v6.17, commit 35c18f2933c5 ("Add a new optional ",cma" suffix to the crashkernel= command line option"). */
  readonly hasCma: boolean
  /** RHEL 6 to 8 know `auto`; 0 for all others. */
  readonly autoOfRhel: 0 | 6 | 7 | 8
}

/**
 * Tell how a kernel treats crashkernel= by its name. No file of the kernel says it, and vendors backport: where it
 * matters, the kernel's own log decides.
 *
 * @param release as `uname -r` prints it
 * @throws {UnsupportedError} for an architecture whose rules are not known
 */
export function kernelKind(archName: string, release: string): KernelKind {
  const arch = CRASH_ARCHS.find(({ name }) => name === archName)
  if (!arch) {
    throw new UnsupportedError(
      `crashkernel= on ${archName}; known are ${CRASH_ARCHS.map(({ name }) => name).join(', ')}`,
    )
  }
  // A kernel that is not known counts as the newest.
  const [, major = '1000', minor = '0'] = /^(\d+)\.(\d+)/.exec(release) ?? []
  const isSince = (wantedMajor: number, wantedMinor: number): boolean =>
    Number(major) > wantedMajor || (Number(major) === wantedMajor && Number(minor) >= wantedMinor)
  const rhel = Number(/\.el([678])(?:_|\b)/.exec(release)?.[1] ?? 0)
  return {
    arch,
    isGeneric: arch.name !== 'x86_64' || isSince(6, 7),
    hasCma: isSince(6, 17),
    autoOfRhel: rhel === 6 || rhel === 7 || rhel === 8 ? rhel : 0,
  }
}

/** Bytes of the low part that comes with memory above `lowMax`; `swiotlb=` of the command line counts. */
export function defaultLowBytes({ arch }: KernelKind, cmdline: string): number {
  if (!arch.isLowForSwiotlb) return arch.defaultLowBytes
  const slabs = Number(/(?:^| )swiotlb=(\d{1,9})/.exec(cmdline)?.[1] ?? 0)
  const swiotlb = slabs === 0 ? 64 * MIB : slabs * 2048
  return Math.max(swiotlb + 8 * MIB, arch.defaultLowBytes)
}

function generic(name: string, lowMax: number): CrashArch {
  return {
    name,
    alignBytes: 2 * MIB,
    lowMax,
    highMax: NO_LIMIT,
    defaultLowBytes: 128 * MIB,
    isLowForSwiotlb: false,
    topTakenBytes: 0,
    hasHigh: true,
  }
}
