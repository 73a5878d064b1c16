// What distributions reserve by default. Sources: kdump-utils kdump-lib.sh kdump_get_arch_recommend_crashkernel() and its
// history, Documentation/admin-guide of the vendors, Debian's kdump-tools.cfg, Ubuntu's kdump_set_default.

/** Memory by size of RAM. */
export type DefaultRule =
  /** A value for the command line, which the kernel resolves. */
  | { readonly kind: 'value'; readonly value: string }
  /** So much, and more for each TiB of RAM begun; nothing below the least RAM. */
  | {
      readonly kind: 'per-terabyte'
      readonly baseMb: number
      readonly perTerabyteMb: number
      readonly ramMinGb: number
    }
  /** The first row whose RAM (GiB, exclusive) is not reached; beyond the last nothing. */
  | {
      readonly kind: 'steps'
      readonly steps: readonly (readonly [ramEndGb: number, value: string])[]
    }

/** The defaults of one distribution. */
export interface DefaultTable {
  readonly distro: string
  /** By `uname -m`; `aarch64+64k` for kernels with 64 KiB pages, `ppc64le+fadump` for firmware-assisted dumps. */
  readonly rules: Readonly<Record<string, DefaultRule>>
  /** Where it is said. */
  readonly source: string
  /** kdump-utils adds memory for some hardware. */
  readonly hasDeltas?: boolean
}

const value = (text: string): DefaultRule => ({ kind: 'value', value: text })

const PPC_RHEL = value('2G-4G:384M,4G-16G:512M,16G-64G:1G,64G-128G:2G,128G-:4G')
const FADUMP = value(
  '4G-16G:768M,16G-64G:1G,64G-128G:2G,128G-1T:4G,1T-2T:6G,2T-4T:12G,4T-8T:20G,8T-16T:36G,16T-32T:64G,32T-64T:128G,64T-:180G',
)
const UBUNTU = value('2G-4G:320M,4G-32G:512M,32G-64G:1024M,64G-128G:2048M,128G-:4096M')
const RHEL_NOW = {
  x86_64: value('2G-64G:256M,64G-:512M'),
  s390x: value('2G-64G:256M,64G-:512M'),
  aarch64: value('2G-4G:256M,4G-64G:320M,64G-:576M'),
  'aarch64+64k': value('2G-4G:356M,4G-64G:420M,64G-:676M'),
  // 1 MB for each of the capture kernel's 16 CPUs.
  ppc64le: value('2G-4G:400M,4G-16G:528M,16G-64G:1040M,64G-128G:2064M,128G-:4112M'),
  'ppc64le+fadump': value(
    '4G-16G:784M,16G-64G:1040M,64G-128G:2064M,128G-1T:4112M,1T-2T:6160M,2T-4T:12304M,4T-8T:20496M,8T-16T:36880M,16T-32T:65552M,32T-64T:131088M,64T-:184336M',
  ),
}

/** The distributions whose defaults are known. The first that /etc/os-release names is this machine's. */
export const DEFAULT_TABLES: readonly DefaultTable[] = [
  {
    distro: 'rhel5',
    source: 'kexec-kdump-howto of RHEL 5',
    rules: {
      x86_64: {
        kind: 'steps',
        steps: [
          [2, '128M@16M'],
          [6, '256M@24M'],
          [8, '512M@16M'],
          [24, '768M@32M'],
        ],
      },
    },
  },
  {
    distro: 'rhel6',
    source: 'crashkernel=auto of the 2.6.32 kernels',
    rules: {
      x86_64: { kind: 'per-terabyte', baseMb: 128, perTerabyteMb: 64, ramMinGb: 2 },
    },
  },
  {
    distro: 'rhel7',
    source: 'crashkernel=auto of the 3.10 kernels',
    rules: {
      x86_64: { kind: 'per-terabyte', baseMb: 161, perTerabyteMb: 64, ramMinGb: 2 },
      s390x: { kind: 'per-terabyte', baseMb: 161, perTerabyteMb: 64, ramMinGb: 4 },
      aarch64: value('2G-:512M'),
      ppc64le: PPC_RHEL,
    },
  },
  {
    distro: 'rhel8',
    source: 'crashkernel=auto of the 4.18 kernels',
    rules: {
      x86_64: value('1G-4G:160M,4G-64G:192M,64G-1T:256M,1T-:512M'),
      s390x: value('4G-64G:160M,64G-1T:256M,1T-:512M'),
      aarch64: value('2G-:448M'),
      ppc64le: PPC_RHEL,
    },
  },
  {
    distro: 'rhel9',
    source: 'kdump-utils of RHEL 9 (34d27c4 of 2021-11, aarch64 of 2022-06 and 2023-06)',
    hasDeltas: true,
    rules: {
      x86_64: value('1G-4G:192M,4G-64G:256M,64G-:512M'),
      s390x: value('1G-4G:192M,4G-64G:256M,64G-:512M'),
      aarch64: value('1G-4G:256M,4G-64G:320M,64G-:576M'),
      'aarch64+64k': value('1G-4G:356M,4G-64G:420M,64G-:676M'),
      ppc64le: PPC_RHEL,
      'ppc64le+fadump': FADUMP,
    },
  },
  { distro: 'rhel10', source: 'kdump-utils since 2025-03', hasDeltas: true, rules: RHEL_NOW },
  { distro: 'fedora', source: 'kdump-utils since 2025-03', hasDeltas: true, rules: RHEL_NOW },
  {
    distro: 'coreos',
    source: "Fedora CoreOS's documentation",
    rules: { x86_64: value('300M'), aarch64: value('300M'), s390x: value('300M') },
  },
  {
    distro: 'debian',
    source: 'kdump-tools 1.9 and later; before, 384M-:128M',
    rules: {
      x86_64: value('512M-:192M'),
      aarch64: UBUNTU,
      ppc64le: UBUNTU,
      s390x: value('384M-:128M'),
    },
  },
  {
    distro: 'ubuntu',
    source: 'kdump-tools since 24.10',
    rules: { x86_64: UBUNTU, aarch64: UBUNTU, ppc64le: UBUNTU, s390x: UBUNTU },
  },
  {
    distro: 'suse',
    source: "kdumptool's value where it cannot calibrate",
    rules: {
      x86_64: value('192M'),
      aarch64: value('192M'),
      s390x: value('192M'),
      ppc64le: value('384M'),
    },
  },
  { distro: 'steamos', source: 'kdumpst', rules: { x86_64: value('192M') } },
  {
    distro: 'kbox',
    source: "kbox's own: a capture kernel with its runtime works in 192M (kbox estimate --measure)",
    rules: {
      x86_64: value('512M-:192M'),
      aarch64: value('1G-:256M'),
      s390x: value('1G-:256M'),
      ppc64le: PPC_RHEL,
      riscv64: value('1G-:256M'),
      loongarch64: value('1G-:256M'),
    },
  },
]

/** Memory that some hardware needs on top; kdump-utils' deltas. */
export interface HardwareDelta {
  readonly name: string
  readonly reason: string
  readonly deltaMb: (machine: HardwareFacts) => number
}

/** What of a machine decides about deltas. */
export interface HardwareFacts {
  readonly arch: string
  readonly has64kPages: boolean
  /** AMD SME or SEV encrypts memory. */
  readonly isMemoryEncrypted: boolean
  readonly hasMlx5: boolean
  readonly hasSmmu: boolean
}

/** The deltas, each with its reason. */
export const HARDWARE_DELTAS: readonly HardwareDelta[] = [
  {
    name: 'sme',
    reason: 'memory encryption (AMD SME or SEV) needs a larger swiotlb',
    deltaMb: ({ arch, isMemoryEncrypted }) => (arch === 'x86_64' && isMemoryEncrypted ? 64 : 0),
  },
  {
    name: 'mlx5',
    reason: 'network cards of the mlx5_core driver take memory for their queues',
    deltaMb: ({ arch, has64kPages, hasMlx5 }) =>
      arch !== 'aarch64' || !hasMlx5 ? 0 : has64kPages ? 200 : 150,
  },
  {
    name: 'smmu',
    reason: 'the queues of an arm-smmu take whole pages of 64 KiB',
    deltaMb: ({ arch, has64kPages, hasSmmu }) =>
      arch === 'aarch64' && has64kPages && hasSmmu ? 384 : 0,
  },
]

/** Defaults of former days, which may still stand on command lines and were chosen by nobody. */
export const FORMER_DEFAULTS: readonly string[] = [
  'auto',
  '384M-:128M',
  '1G-64G:160M,64G-1T:256M,1T-:512M',
  '1G-4G:160M,4G-64G:192M,64G-1T:256M,1T-:512M',
  '1G-4G:192M,4G-64G:256M,64G-102400T:512M',
  '2G-:448M',
  '2G-:480M',
  '2G-:512M',
  '1G-2G:162M,2G-4G:256M,4G-64G:256M,64G-:512M',
]
