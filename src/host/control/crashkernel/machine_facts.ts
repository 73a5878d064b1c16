// What of a machine decides about its reservation, read below a root so that a copied tree answers as the machine would.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { readKmsg } from '../../platform/kmsg.ts'
import type { HardwareFacts } from './default_tables.ts'
import { type MemoryMap, parseIomem } from './memory_map.ts'

/** A machine, as far as crashkernel= goes. */
export interface CrashkernelFacts extends HardwareFacts {
  /** As `uname -r` prints it. */
  readonly release: string
  readonly cmdline: string
  /** Undefined where addresses are hidden or there is no /proc/iomem. */
  readonly map: MemoryMap | undefined
  /** Bytes of RAM: of the map, else a little more than MemTotal. */
  readonly ramBytes: number
  /** A row of DEFAULT_TABLES. */
  readonly distro: string
  readonly isFadump: boolean
}

const MIB = 2 ** 20
const MACHINE_OF_NODE: Readonly<Record<string, string>> = {
  x64: 'x86_64',
  arm64: 'aarch64',
  ppc64: 'ppc64le',
  loong64: 'loongarch64',
}

/** Read the facts. @param root where proc/, sys/ and etc/ are found */
export function readCrashkernelFacts(root = '/'): CrashkernelFacts {
  const read = (file: string): string => readText(path.join(root, file))
  const release = read('proc/sys/kernel/osrelease').trim()
  const map = parseIomem(read('proc/iomem'))
  const mapped = map?.ram.reduce((sum, { start, end }) => sum + end - start, 0)
  return {
    // Since v6.1, commit bfca3dd3d068 ("kernel/utsname_sysctl.c: print kernel arch"), there is this file.
    arch: read('proc/sys/kernel/arch').trim() || (MACHINE_OF_NODE[process.arch] ?? process.arch),
    release,
    cmdline: read('proc/cmdline').trim(),
    map,
    ramBytes: mapped ?? assumeRam(read('proc/meminfo')),
    has64kPages: release.includes('64k'),
    isMemoryEncrypted: /Memory Encryption Features active: AMD (SME|SEV)/.test(readLog(root)),
    hasMlx5: existsSync(path.join(root, 'sys/bus/pci/drivers/mlx5_core')),
    hasSmmu: list(path.join(root, 'sys/devices/platform')).some((name) =>
      name.startsWith('arm-smmu-'),
    ),
    distro: findDistro(read('etc/os-release')),
    isFadump: read('sys/kernel/fadump/enabled').trim() === '1',
  }
}

/** Tell which row of DEFAULT_TABLES an os-release file means; `kbox` if none. */
export function findDistro(osRelease: string): string {
  const value = (name: string): string =>
    new RegExp(`^${name}=["']?([^"'\\n]*)`, 'm').exec(osRelease)?.[1] ?? ''
  const ids = [value('ID'), ...value('ID_LIKE').split(' ')]
  const major = Number.parseInt(value('VERSION_ID'), 10)
  if (value('VARIANT_ID') === 'coreos' || ids.includes('fedora-coreos')) return 'coreos'
  if (value('ID') === 'fedora') return 'fedora'
  if (ids.some((id) => ['rhel', 'centos', 'ol'].includes(id)))
    return major >= 5 && major <= 9 ? `rhel${major}` : 'rhel10'
  for (const [distro, pattern] of DISTRO_IDS) if (ids.some((id) => pattern.test(id))) return distro
  return 'kbox'
}

/** In the order in which ID and ID_LIKE are believed: Ubuntu is like Debian. */
const DISTRO_IDS: readonly (readonly [distro: string, id: RegExp])[] = [
  ['ubuntu', /^ubuntu$/],
  ['debian', /^debian$/],
  ['suse', /^(suse|opensuse|sles|sled|sl-micro)/],
  ['steamos', /^steamos$/],
  ['fedora', /^fedora$/],
]

/** The kernel keeps some 2 % from what it calls MemTotal; the reservation itself is missing there as well. */
function assumeRam(meminfo: string): number {
  const kilobytes = Number(/^MemTotal:\s+(\d+) kB/m.exec(meminfo)?.[1] ?? 0)
  return Math.ceil((kilobytes * 1024 * 1.02) / (128 * MIB)) * 128 * MIB
}

function readLog(root: string): string {
  const saved = readText(path.join(root, 'var/log/dmesg'))
  if (root !== '/') return saved
  try {
    return readKmsg()
  } catch {
    return saved
  }
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}
