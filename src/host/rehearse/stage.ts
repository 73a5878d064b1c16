// Sets the stage of a rehearsal: the guest's initramfs and disks, and the machine that they are for.
import { mkdirSync, rmSync } from 'node:fs'
import path from 'node:path'
import { ModuleIndex } from '../control/initramfs/module_index.ts'
import { chooseAccelerator } from './accelerator.ts'
import { makeDisk } from './disk_image.ts'
import { buildGuestInitramfs, fillGuestRoot, type GuestNetwork } from './guest_root.ts'
import { findTool } from './host_tool.ts'
import { findModuleFolder, readKernelRelease } from '../control/load/kernel/kernel_image.ts'
import type { DiskBus, MachineDisk, MachineSpec } from './machine_spec.ts'
import { DEFAULT_ARM, type RehearseOptions } from './rehearse_options.ts'
import { planScratchTarget, type ScratchTarget } from './scratch_target.ts'

/** Room on the guest's root disk beside its memory: kernel, runtime and capture image. */
const ROOT_DISK_EXTRA = 1 << 30
const TARGET_DISK_EXTRA = 1 << 28
/** QEMU's own numbers. */
const USER_NETWORK: GuestNetwork = { address: '10.0.2.15/24', gateway: '10.0.2.2' }

/** What the guest loads to see its second disk. */
const BUS_MODULES: Readonly<Record<DiskBus, readonly string[]>> = {
  virtio: [],
  nvme: ['nvme'],
  scsi: ['virtio_scsi', 'sd_mod'],
  ahci: ['ahci', 'sd_mod'],
  usb: ['xhci_pci', 'usb_storage', 'sd_mod'],
}

/** All that a guest is started with. */
export interface Stage {
  readonly spec: MachineSpec
  /** Where its dumps will be. */
  readonly target: ScratchTarget
}

/**
 * Set the stage.
 *
 * @param folder scratch folder that gets the disks and the initramfs
 * @throws {HostError} if a program or a file is missing
 */
export async function setStage(options: RehearseOptions, folder: string): Promise<Stage> {
  const { kernel, conf, scenario, memoryBytes, cpus, targetBus = 'virtio' } = options
  const release = readKernelRelease(kernel)
  const busybox = findTool('busybox')
  const target = planScratchTarget(conf, targetBus)
  const accelerator = await chooseAccelerator(kernel, busybox)
  const root = {
    release,
    kernel,
    modules: new ModuleIndex(findModuleFolder(release, kernel, options.modules)),
    extraModules: [...BUS_MODULES[targetBus], ...fileSystemModules(target), ...conf.extraModules],
    busybox,
    runtime: options.runtime,
    kdumpConf: options.kdumpConf,
    folders: target.disk === 'root' ? [target.folder] : [],
    files: options.files ?? [],
    network: options.cards?.length ? (options.network ?? USER_NETWORK) : undefined,
    guest: {
      version: 1,
      arm: options.arm ?? DEFAULT_ARM,
      sysrq: scenario.sysrq,
      links: target.links,
      workload: options.workload ?? true,
      takeTruth: options.takeTruth ?? options.keep !== undefined,
    },
  } as const
  const initrd = path.join(folder, 'initrd')
  buildGuestInitramfs(initrd, root)
  const tree = path.join(folder, 'root')
  fillGuestRoot(tree, root)
  const disks: MachineDisk[] = [{ file: path.join(folder, 'root.img') }]
  makeDisk({
    file: path.join(folder, 'root.img'),
    sizeBytes: memoryBytes + ROOT_DISK_EXTRA,
    fstype: 'ext4',
    uuid: '',
    label: '',
    tree,
  })
  rmSync(tree, { recursive: true })
  if (target.disk === 'target') {
    const file = makeTargetDisk(options, target, folder)
    disks.push({ file, bus: targetBus, readOnly: options.isTargetReadOnly === true })
  }
  // A first kernel that cannot enter the capture kernel reboots at last, which ends QEMU.
  const cmdline =
    `console=ttyS0 crashkernel=${options.crashkernel} panic=10 ${scenario.cmdline}`.trimEnd()
  const { cards = [], devices = [] } = options
  return {
    spec: { accelerator, memoryBytes, cpus, kernel, initrd, cmdline, disks, cards, devices },
    target,
  }
}

/** ext4, which serves ext2 and ext3, is there for the root; a raw disk needs none. */
function fileSystemModules({ fstype }: ScratchTarget): string[] {
  return fstype.startsWith('ext') || fstype === 'raw' ? [] : [fstype]
}

/** Make the second disk, with the folder that dumps go to. */
function makeTargetDisk(
  { memoryBytes, targetSizeBytes = memoryBytes + TARGET_DISK_EXTRA }: RehearseOptions,
  { fstype, uuid, label, folder }: ScratchTarget,
  scratch: string,
): string {
  const file = path.join(scratch, 'target.img')
  const tree = path.join(scratch, 'target')
  mkdirSync(path.join(tree, folder), { recursive: true })
  makeDisk({ file, sizeBytes: targetSizeBytes, fstype, uuid, label, tree })
  return file
}
