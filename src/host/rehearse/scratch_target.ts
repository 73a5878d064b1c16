// Puts a scratch disk where kdump.conf sends its dumps, so that the file can be rehearsed as it is: a file system of
// the same type, UUID and label, under the same node name. The real disk is never looked at.
import type { DeviceName } from '../target/find_filesystem.ts'
import type { KdumpConf } from '../control/config/kdump_conf_model.ts'
import type { DiskBus } from './machine_spec.ts'

/** Where dumps will be found after the rehearsal. */
export interface ScratchTarget {
  /** The disk that takes them: the guest's root, or a second one. */
  readonly disk: 'root' | 'target'
  /** `raw` for a disk without a file system. */
  readonly fstype: string
  readonly uuid: string
  readonly label: string
  /** Folder of the dumps on that disk. */
  readonly folder: string
  /** Node names of kdump.conf that the guest must find, and the node each one is. */
  readonly links: readonly (readonly [name: string, node: string])[]
}

/** The guest's name for its second disk, by how it is attached; the first is vda. */
const TARGET_NODES: Readonly<Record<DiskBus, string>> = {
  virtio: '/dev/vdb',
  nvme: '/dev/nvme0n1',
  scsi: '/dev/sda',
  ahci: '/dev/sda',
  usb: '/dev/sda',
}

/** Plan the disk for a configuration. */
export function planScratchTarget(conf: KdumpConf, bus: DiskBus = 'virtio'): ScratchTarget {
  const {
    targets: [target],
    path: folder,
  } = conf
  if (target?.kind === 'raw')
    return { disk: 'target', fstype: 'raw', folder, ...identity(target.device, TARGET_NODES[bus]) }
  if (target?.kind !== 'filesystem')
    return { disk: 'root', fstype: 'ext4', uuid: '', label: '', folder, links: [] }
  const { fstype, device } = target
  return { disk: 'target', fstype, folder, ...identity(device, TARGET_NODES[bus]) }
}

function identity(
  device: DeviceName,
  targetNode: string,
): Pick<ScratchTarget, 'uuid' | 'label' | 'links'> {
  switch (device.by) {
    case 'uuid':
      return { uuid: device.uuid, label: '', links: [] }
    case 'label':
      return { uuid: '', label: device.label, links: [] }
    case 'node':
      return {
        uuid: '',
        label: '',
        links: device.node === targetNode ? [] : [[device.node, targetNode]],
      }
  }
}
