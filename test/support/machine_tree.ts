// A machine as a tree of facts: what kbox reads of one with a virtio disk, to plan for it without being it.
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { mkbzImage } from './mkpe.ts'

/** Release of the tree's kernel. */
export const TREE_RELEASE = '6.1.0-test'

/** A folder that is removed when it is disposed of. */
export interface MachineTree extends Disposable {
  readonly root: string
  write(name: string, content: string | Uint8Array): void
  /** Make a link inside the tree. */
  link(name: string, target: string): void
}

const FACTS: Readonly<Record<string, string>> = {
  'etc/machine-id': '0123456789abcdef0123456789abcdef\n',
  'etc/kdump.conf': 'path /var/crash\ncore_collector makedumpfile -z -d 31\n',
  'proc/cmdline': `BOOT_IMAGE=/boot/vmlinuz-${TREE_RELEASE} root=UUID=aa-1 ro quiet crashkernel=256M\n`,
  'proc/cpuinfo': 'processor\t: 0\ninitial apicid\t: 0\n',
  'proc/meminfo': 'MemTotal:        4012345 kB\n',
  'proc/self/mountinfo': '25 1 254:1 / / rw - ext4 /dev/vda1 rw\n',
  'proc/sys/kernel/arch': 'x86_64\n',
  'proc/sys/kernel/osrelease': `${TREE_RELEASE}\n`,
  'run/udev/data/b254:1': 'E:ID_FS_TYPE=ext4\nE:ID_FS_UUID=aa-1\n',
  'sys/class/block/vda1/dev': '254:1\n',
  'sys/class/block/vda1/size': '20480\n',
  'sys/kernel/kexec_crash_loaded': '0\n',
  'sys/kernel/kexec_crash_size': `${256 << 20}\n`,
  'sys/module/virtio_blk/refcnt': '1\n',
  'sys/bus/virtio/drivers/virtio_blk/bind': '',
  'sys/devices/virtio0/block/vda/vda1/partition': '1\n',
}
const MODULES: Readonly<Record<string, string>> = {
  'modules.dep':
    'kernel/virtio_blk.ko: kernel/virtio.ko\nkernel/virtio.ko:\nkernel/loop.ko:\nkernel/squashfs.ko:\n',
  'modules.builtin': 'kernel/fs/ext4/ext4.ko\n',
}

/** Make the tree. */
export function makeMachineTree(): MachineTree {
  const root = mkdtempSync(path.join(os.tmpdir(), 'kbox-machine-'))
  const tree: MachineTree = {
    root,
    write(name, content) {
      const file = path.join(root, name)
      mkdirSync(path.dirname(file), { recursive: true })
      writeFileSync(file, content)
    },
    link(name, target) {
      const file = path.join(root, name)
      mkdirSync(path.dirname(file), { recursive: true })
      symlinkSync(path.join(root, target), file)
    },
    [Symbol.dispose]: () => rmSync(root, { recursive: true }),
  }
  for (const [name, content] of Object.entries(FACTS)) tree.write(name, content)
  const folder = `lib/modules/${TREE_RELEASE}`
  for (const [name, content] of Object.entries(MODULES)) tree.write(`${folder}/${name}`, content)
  for (const name of ['virtio', 'virtio_blk', 'loop', 'squashfs'])
    tree.write(`${folder}/kernel/${name}.ko`, `module ${name}`)
  tree.write(`boot/vmlinuz-${TREE_RELEASE}`, mkbzImage({ release: TREE_RELEASE }))
  mkdirSync(path.join(root, 'var/crash'), { recursive: true })
  tree.link('sys/dev/block/254:1', 'sys/devices/virtio0/block/vda/vda1')
  tree.link('sys/devices/virtio0/driver', 'sys/bus/virtio/drivers/virtio_blk')
  tree.link('sys/bus/virtio/drivers/virtio_blk/module', 'sys/module/virtio_blk')
  return tree
}
