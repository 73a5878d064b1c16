// The initramfs a guest boots with when its root lies on LVM. The tools are those of the root itself: it is looked into
// through a loop device once, to activate what it lies on.
import { closeSync, openSync, readFileSync } from 'node:fs'
import { writeCpio, type CpioEntry } from '../../src/host/control/initramfs/cpio.ts'
import { readModule } from '../../src/host/control/initramfs/module_file.ts'
import type { KernelModule, ModuleIndex } from '../../src/host/control/initramfs/module_index.ts'
import { LVM_DATA_OFFSET } from './lvm_disk.ts'

const MODULES = ['virtio_pci', 'virtio_blk', 'ext4', 'loop', 'dm_mod']

/** Write it. @param node the root's, such as `/dev/mapper/vg0-root` */
export function buildLvmInitramfs(
  file: string,
  { busybox, modules, node }: { busybox: string; modules: ModuleIndex; node: string },
): void {
  const needed = modules.order(MODULES).modules
  const entries: CpioEntry[] = [
    ...['bin', 'dev', 'modules', 'proc', 'sys', 'root', 'look'].map((folder): CpioEntry => ({
      ...{ kind: 'directory', path: folder, mode: 0o755 },
    })),
    { kind: 'device', path: 'dev/console', mode: 0o600, major: 5, minor: 1 },
    { kind: 'file', path: 'init', mode: 0o755, content: Buffer.from(bootScript(needed, node)) },
    { kind: 'file', path: 'bin/busybox', mode: 0o755, content: readFileSync(busybox) },
    ...needed.map((module): CpioEntry => ({
      ...{ kind: 'file', path: `modules/${module.name}.ko`, mode: 0o600 },
      content: readModule(module.file, busybox),
    })),
  ]
  const fd = openSync(file, 'w', 0o600)
  try {
    writeCpio(fd, entries)
  } finally {
    closeSync(fd)
  }
}

const bootScript = (modules: readonly KernelModule[], node: string): string => `#!/bin/busybox sh
# kbox: /init of a guest whose root lies on LVM.
b=/bin/busybox
$b mount -t devtmpfs devtmpfs /dev
$b mount -t proc proc /proc
$b mount -t sysfs sysfs /sys
${modules.map(({ name }) => `$b insmod /modules/${name}.ko\n`).join('')}n=0
while [ ! -b /dev/vda ] && [ $n -lt 100 ]; do $b sleep 0.1; n=$((n + 1)); done
$b losetup -r -o ${LVM_DATA_OFFSET} /dev/loop0 /dev/vda
$b mount -t ext4 -o ro,noload /dev/loop0 /look
for part in dev proc sys; do $b mount --bind /$part /look/$part; done
DM_DISABLE_UDEV=1 $b chroot /look /usr/sbin/vgchange -ay --sysinit
for part in dev proc sys; do $b umount /look/$part; done
$b umount /look
$b losetup -d /dev/loop0
$b mount -t ext4 ${node} /root || { echo "kbox: ${node} cannot be mounted"; $b poweroff -f; }
$b umount /dev /proc /sys
exec $b switch_root /root /sbin/init
`
