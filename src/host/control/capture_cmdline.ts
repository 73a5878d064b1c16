// The capture kernel's command line, made from the running kernel's.
// Source: kdump-utils kdump-lib.sh prepare_cmdline() and its sysconfig per architecture.
import { HostError } from '../../core/base/errors.ts'

/** Keys that must never reach the capture kernel: memory it would reserve again, disks and networks it would wait for. */
const ALWAYS_REMOVED: readonly string[] = [
  ...[
    'crashkernel',
    'panic_on_warn',
    'root',
    'rd.lvm.lv',
    'rd.luks.uuid',
    'rd.dm.uuid',
    'rd.md.uuid',
    'fcoe',
  ],
  ...['netroot', 'rd.iscsi.initiator', 'iscsi_initiator'],
]

const COMMON_REMOVED: readonly string[] = [
  ...[
    'hugepages',
    'hugepagesz',
    'slub_debug',
    'quiet',
    'log_buf_len',
    'swiotlb',
    'hugetlb_cma',
    'ignition.firstboot',
  ],
  'cma',
]
/** Ours: the initramfs has its own /init and root, and `mem=` may cut off the very memory the capture kernel lives in. */
const IMAGE_REMOVED: readonly string[] = [
  'BOOT_IMAGE',
  'initrd',
  'init',
  'rdinit',
  'rootfstype',
  'rootflags',
  'resume',
  'mem',
]
const COMMON_APPENDED =
  'novmcoredd hugetlb_cma=0 kfence.sample_interval=0 initramfs_options=size=90%'

const APPENDED: Readonly<Record<string, string>> = {
  x64:
    'irqpoll nr_cpus=1 reset_devices cgroup_disable=memory mce=off numa=off udev.children-max=2 panic=10 ' +
    'acpi_no_memhotplug transparent_hugepage=never nokaslr hest_disable cma=0 pcie_ports=compat',
  arm64:
    'irqpoll nr_cpus=1 reset_devices cgroup_disable=memory udev.children-max=2 panic=10 swiotlb=noforce cma=0',
}

/** COMMAND_LINE_SIZE of x86 and arm64, without the NUL and the `elfcorehdr=0x…` the kernel puts in front. */
const LENGTH_MAX = 2048 - 1 - 30

/** How the running kernel's line becomes the capture kernel's. */
export interface CmdlineRules {
  /** Keys to drop; what follows a '=' is ignored. */
  readonly remove: readonly string[]
  /** Text to add at the end. */
  readonly append: string
  /** APIC id of the boot CPU: the capture kernel may start on another, and must then leave this one alone. */
  readonly bootCpuApicId?: number
  /** Drivers of active watchdogs, whose pre-timeout would panic the capture kernel. */
  readonly watchdogDrivers?: readonly string[]
}

/** The rules for an architecture, as kdump's sysconfig file has them, plus our root file system. */
export function defaultCmdlineRules(arch: string): CmdlineRules {
  // tmpfs takes at most half of the memory, which the unpacked initramfs would exceed; ramfs has no such limit.
  const append = `${APPENDED[arch] ?? 'nr_cpus=1 panic=10'} ${COMMON_APPENDED} rootfstype=ramfs`
  return { remove: [...COMMON_REMOVED, ...IMAGE_REMOVED], append }
}

/** Make the capture kernel's command line from the running kernel's. */
export function prepareCmdline(running: string, rules: CmdlineRules): string {
  const removed = new Set([...ALWAYS_REMOVED, ...rules.remove.map(keyOf)])
  const kept = splitCmdline(running).filter(
    (word) => !removed.has(keyOf(word)) && !/^[^=]+=$/.test(word),
  )
  const tail: string[] = []
  if (rules.bootCpuApicId !== undefined) tail.push(`disable_cpu_apicid=${rules.bootCpuApicId}`)
  for (const driver of rules.watchdogDrivers ?? []) {
    tail.push(`${driver}.pretimeout=0`)
    if (driver === 'hpwdt') tail.push('hpwdt.kdumptimeout=0')
  }
  return [...kept, ...splitCmdline(rules.append), ...tail, 'rd.systemd.gpt_auto=no'].join(' ')
}

/** Check the length. @throws {HostError} if the kernel would cut the line off */
export function checkCmdlineLength(cmdline: string): void {
  const size = Buffer.byteLength(cmdline)
  if (size <= LENGTH_MAX) return
  throw new HostError(
    `the capture kernel's command line has ${size} bytes, ${LENGTH_MAX} fit: shorten this kernel's command line`,
    'E2BIG',
  )
}

/** Split at white space outside double quotes, as the kernel's next_arg() does. */
export function splitCmdline(cmdline: string): string[] {
  return Array.from(cmdline.matchAll(/(?:"[^"]*(?:"|$)|[^\s"])+/g), ([word]) => word)
}

/** Find the boot CPU's APIC id in /proc/cpuinfo, undefined where there is none (other architectures). */
export function findBootCpuApicId(cpuinfo: string): number | undefined {
  const [boot = ''] = cpuinfo.split('\n\n')
  const match = /^initial apicid\s*:\s*(\d+)$/m.exec(boot)
  return match ? Number(match[1]) : undefined
}

function keyOf(word: string): string {
  const bare = word.startsWith('"') ? word.slice(1) : word
  const equals = bare.indexOf('=')
  return equals < 0 ? bare.replace(/"$/, '') : bare.slice(0, equals)
}
