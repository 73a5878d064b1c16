// What the capture kernel's command line must lose and gain, per architecture, and why: kdump's sysconfig files as data.
// Source: kdump-utils gen-kdump-sysconfig.sh and prepare_cmdline(); openSUSE kdump's load.sh where it says so.

/** Architectures as `uname -m` names them. */
export type Machine =
  | 'x86_64'
  | 'i686'
  | 'aarch64'
  | 'ppc64le'
  | 'ppc64'
  | 's390x'
  | 'riscv64'
  | 'loongarch64'

/** A key that is dropped, whatever its value. */
export interface RemovedKey {
  readonly key: string
  readonly reason: string
  /** Only here; everywhere if not given. */
  readonly only?: readonly Machine[]
  /** Not here. */
  readonly except?: readonly Machine[]
}

/** A word that is added. */
export interface AddedWord {
  readonly word: string
  readonly reason: string
  readonly only?: readonly Machine[]
  readonly except?: readonly Machine[]
}

const NO_DISKS = 'the capture image finds its target itself and must not wait for this'
const NO_NETWORK_ROOT = 'the capture kernel has no network root'

/** Dropped whatever the administrator configures. */
export const ALWAYS_REMOVED: readonly RemovedKey[] = [
  { key: 'crashkernel', reason: 'the capture kernel lives in that reservation, it makes none' },
  { key: 'panic_on_warn', reason: 'a warning must not end the capture' },
  { key: 'root', reason: 'the root is the capture image' },
  { key: 'rd.lvm.lv', reason: NO_DISKS },
  { key: 'rd.luks.uuid', reason: NO_DISKS },
  { key: 'rd.dm.uuid', reason: NO_DISKS },
  { key: 'rd.md.uuid', reason: NO_DISKS },
  { key: 'fcoe', reason: NO_NETWORK_ROOT },
  { key: 'netroot', reason: NO_NETWORK_ROOT },
  { key: 'rd.iscsi.initiator', reason: NO_NETWORK_ROOT },
  { key: 'iscsi_initiator', reason: NO_NETWORK_ROOT },
]

/** Ours, as firm: the image has its own /init and root. */
export const IMAGE_REMOVED: readonly RemovedKey[] = [
  { key: 'BOOT_IMAGE', reason: 'it names the crashed kernel' },
  { key: 'initrd', reason: 'the boot loader wrote it for itself' },
  { key: 'init', reason: 'the capture image has its own' },
  { key: 'rdinit', reason: 'the capture image has its own' },
  { key: 'rootfstype', reason: 'the root is the capture image' },
  { key: 'rootflags', reason: 'the root is the capture image' },
  {
    key: 'resume',
    reason: 'nothing is resumed; the swap may hold the image of a suspended system',
  },
  { key: 'mem', reason: 'it may cut off the memory the capture kernel lives in' },
]

/** Dropped unless KDUMP_COMMANDLINE_REMOVE says otherwise. */
export const REMOVED: readonly RemovedKey[] = [
  { key: 'hugepages', reason: 'huge pages would take the reserved memory' },
  { key: 'hugepagesz', reason: 'huge pages would take the reserved memory' },
  { key: 'slub_debug', reason: 'it takes memory' },
  { key: 'quiet', reason: 'what goes wrong must be seen on the console' },
  { key: 'log_buf_len', reason: 'a large log would take the reserved memory' },
  { key: 'swiotlb', reason: 'its size was meant for all of memory' },
  { key: 'hugetlb_cma', reason: 'it would take the reserved memory' },
  { key: 'ignition.firstboot', reason: 'this is no first boot' },
  {
    key: 'cma',
    reason: 'it would take the reserved memory',
    only: ['x86_64', 'i686', 'aarch64', 's390x'],
  },
  { key: 'vmcp_cma', reason: 'it would take the reserved memory', only: ['s390x'] },
  { key: 'prot_virt', reason: 'it takes memory', only: ['s390x'] },
  {
    key: 'zfcp.allow_lun_scan',
    reason: 'scanning all LUNs takes memory and time',
    only: ['s390x'],
  },
]

/** Added unless KDUMP_COMMANDLINE_APPEND says otherwise. In kdump's order. */
export const ADDED: readonly AddedWord[] = [
  {
    word: 'irqpoll',
    reason: 'devices are still running and raise interrupts nobody asked for yet',
    except: ['s390x', 'riscv64', 'loongarch64'],
  },
  {
    word: 'nr_cpus=1',
    reason: 'each CPU takes memory; the others are still in the crashed kernel',
    except: ['ppc64le', 'ppc64'],
  },
  { word: 'nr_cpus=16', reason: 'each CPU takes memory', only: ['ppc64le'] },
  { word: 'maxcpus=1', reason: 'each CPU takes memory', only: ['ppc64'] },
  {
    word: 'noirqdistrib',
    reason: 'interrupts must come to the CPUs that are up',
    only: ['ppc64le', 'ppc64'],
  },
  {
    word: 'reset_devices',
    reason: 'drivers must not trust the state the crash left',
    except: ['s390x'],
  },
  {
    word: 'cgroup_disable=memory',
    reason: 'its page counters take memory',
    except: ['i686'],
  },
  {
    word: 'mce=off',
    reason: 'a machine check meant for the crashed kernel must not end the capture',
    only: ['x86_64'],
  },
  {
    word: 'numa=off',
    reason: 'node structures take memory',
    except: ['aarch64', 'riscv64', 'loongarch64'],
  },
  { word: 'udev.children-max=2', reason: 'each udev worker takes memory' },
  { word: 'ehea.use_mcs=0', reason: 'its queues take memory', only: ['ppc64le', 'ppc64'] },
  { word: 'panic=10', reason: 'if the capture kernel panics, the machine reboots' },
  {
    word: 'kvm_cma_resv_ratio=0',
    reason: 'it would take the reserved memory',
    only: ['ppc64le', 'ppc64'],
  },
  {
    word: 'acpi_no_memhotplug',
    reason: 'memory of the crashed kernel must not be added to the capture kernel',
    only: ['x86_64'],
  },
  { word: 'swiotlb=noforce', reason: 'bounce buffers take memory', only: ['aarch64'] },
  {
    word: 'transparent_hugepage=never',
    reason: 'huge pages fragment the little memory there is',
    except: ['aarch64', 'riscv64', 'loongarch64'],
  },
  {
    word: 'nokaslr',
    reason: 'the reservation is small: every place in it is needed',
    only: ['x86_64'],
  },
  {
    word: 'hest_disable',
    reason: 'old hardware errors must not end the capture',
    only: ['x86_64'],
  },
  { word: 'vmcp_cma=0', reason: 'it would take the reserved memory', only: ['s390x'] },
  {
    word: 'cma=0',
    reason: 'it would take the reserved memory',
    only: ['x86_64', 'i686', 'aarch64', 's390x'],
  },
  {
    word: 'pcie_ports=compat',
    reason: 'port services use up the interrupt vectors of the one CPU',
    only: ['x86_64'],
  },
  { word: 'novmcoredd', reason: 'device dumps take memory' },
  { word: 'hugetlb_cma=0', reason: 'it would take the reserved memory' },
  { word: 'kfence.sample_interval=0', reason: "KFENCE's pool takes memory" },
  {
    word: 'initramfs_options=size=90%',
    reason: 'the unpacked image may take more than half of memory (Linux 6.18 and later)',
  },
]

/** Ours, added in any case. */
export const IMAGE_ADDED: readonly AddedWord[] = [
  {
    word: 'rootfstype=ramfs',
    reason:
      'tmpfs takes half of memory at most, which the unpacked image exceeds; ramfs has no limit',
  },
]

/** COMMAND_LINE_SIZE without the NUL, where the kernel file does not say it. */
export const CMDLINE_MAX: Readonly<Record<Machine, number>> = {
  x86_64: 2047,
  i686: 2047,
  aarch64: 2047,
  ppc64le: 2047,
  ppc64: 2047,
  // CONFIG_COMMAND_LINE_SIZE's default. Older kernels have 896, and kexec_file_load says so.
  s390x: 4095,
  riscv64: 1023,
  loongarch64: 4095,
}

/** Keep the rows of a table that hold on a machine. */
export function rowsFor<Row extends RemovedKey | AddedWord>(
  table: readonly Row[],
  machine: Machine,
): Row[] {
  return table.filter(({ only, except }) => {
    return (only?.includes(machine) ?? true) && !(except?.includes(machine) ?? false)
  })
}
