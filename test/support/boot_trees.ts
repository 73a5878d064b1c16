// Trees of files as boot loaders of real distributions leave them, cut to what matters. Where each comes from is said beside
// it. `writeTree` puts one into a folder.
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import path from 'node:path'

/** Files by path; a value that begins with `->` is a symbolic link. */
export type FileTree = Readonly<Record<string, string>>

/** Write a tree. */
export function writeTree(root: string, tree: FileTree): void {
  for (const [name, text] of Object.entries(tree)) {
    const file = path.join(root, name)
    mkdirSync(path.dirname(file), { recursive: true })
    if (text.startsWith('->')) symlinkSync(text.slice(2), file)
    else writeFileSync(file, text)
  }
}

/** Facts of a machine with 8 GiB. */
export const facts = (release: string, osRelease: string, arch = 'x86_64'): FileTree => ({
  'proc/sys/kernel/arch': `${arch}\n`,
  'proc/sys/kernel/osrelease': `${release}\n`,
  'proc/cmdline': 'ro\n',
  'proc/iomem': '00100000-bfffffff : System RAM\n100000000-23fffffff : System RAM\n',
  'etc/os-release': osRelease,
})

const OLD_CK = '4G-16G:768M,16G-64G:1G,64G-:2G'
const FEDORA_ARGS = `root=UUID=45fdf703-3966-401b-b8f7-cf056affd2b0 ro rd.driver.blacklist=nouveau nvidia-drm.modeset=1 rhgb quiet crashkernel=${OLD_CK}`
const ID = 'e986846f63134c7295458cf36300ba5b'

const fedoraEntry = (version: string, title: string, args = FEDORA_ARGS): string => `title ${title}
version ${version}
linux /boot/vmlinuz-${version}
initrd /boot/initramfs-${version}.img
options ${args}
grub_users $grub_users
grub_arg --unrestricted
grub_class fedora
`

/** Four entries of three kernels, as the tests of kdump-utils have them (spec/support/boot_load_entries), with RHEL 9's /etc/default/grub. */
export const FEDORA: FileTree = {
  ...facts('5.15.6-100.fc34.x86_64', 'ID=fedora\nVERSION_ID=43\n'),
  'etc/machine-id': `${ID}\n`,
  [`boot/loader/entries/${ID}-0-rescue.conf`]: fedoraEntry(`0-rescue-${ID}`, 'Fedora (0-rescue)'),
  [`boot/loader/entries/${ID}-5.14.14-200.fc34.x86_64.0~custom.conf`]: fedoraEntry(
    '5.14.14-200.fc34.x86_64',
    'Dup Fedora (5.14.14-200.fc34.x86_64) 34 (Workstation Edition)',
  ),
  [`boot/loader/entries/${ID}-5.14.14-200.fc34.x86_64.conf`]: fedoraEntry(
    '5.14.14-200.fc34.x86_64',
    'Fedora (5.14.14-200.fc34.x86_64) 34 (Workstation Edition)',
  ),
  [`boot/loader/entries/${ID}-5.15.6-100.fc34.x86_64.conf`]: fedoraEntry(
    '5.15.6-100.fc34.x86_64',
    'Fedora (5.15.6-100.fc34.x86_64) 34 (Workstation Edition)',
  ),
  'boot/grub2/grub.cfg': 'insmod blscfg\nblscfg\n',
  'boot/grub2/grubenv': grubenv(''),
  'etc/default/grub': `GRUB_TIMEOUT=5
GRUB_DISTRIBUTOR="$(sed 's, release .*$,,g' /etc/system-release)"
GRUB_DEFAULT=saved
GRUB_DISABLE_SUBMENU=true
GRUB_TERMINAL_OUTPUT="console"
GRUB_CMDLINE_LINUX="crashkernel=1G-4G:192M,4G-64G:256M,64G-:512M resume=/dev/mapper/rl-swap rd.lvm.lv=rl/root rd.lvm.lv=rl/swap rhgb quiet"
GRUB_DISABLE_RECOVERY="true"
GRUB_ENABLE_BLSCFG=true
`,
}

/** Names of the kernels of FEDORA, newest first. */
export const FEDORA_KERNELS = [
  '/boot/vmlinuz-5.15.6-100.fc34.x86_64',
  '/boot/vmlinuz-5.14.14-200.fc34.x86_64',
  '/boot/vmlinuz-5.14.14-200.fc34.x86_64',
  `/boot/vmlinuz-0-rescue-${ID}`,
] as const

/** GRUB's environment block: 1024 bytes, filled up with '#'. */
export function grubenv(text: string): string {
  return `# GRUB Environment Block\n${text}`.padEnd(1024, '#')
}

const RHEL8_ENTRY = (
  version: string,
): string => `title Red Hat Enterprise Linux (${version}) 8.4 (Ootpa)
version ${version}
linux /vmlinuz-${version}
initrd /initramfs-${version}.img $tuned_initrd
options $kernelopts $tuned_params
id rhel-20190313123447-${version}
grub_users $grub_users
grub_arg --unrestricted
grub_class kernel
`
const ID8 = '295e1ba1696e4fad9e062f096f92d147'

/** RHEL 8 on EFI: all entries share $kernelopts (forms of its documentation and of insights-core's tests). */
export const RHEL8: FileTree = {
  ...facts('4.18.0-305.el8.x86_64', 'ID="rhel"\nVERSION_ID="8.4"\n'),
  'etc/machine-id': `${ID8}\n`,
  [`boot/loader/entries/${ID8}-4.18.0-305.el8.x86_64.conf`]: RHEL8_ENTRY('4.18.0-305.el8.x86_64'),
  [`boot/loader/entries/${ID8}-4.18.0-240.el8.x86_64.conf`]: RHEL8_ENTRY('4.18.0-240.el8.x86_64'),
  'boot/grub2/grubenv': '->../efi/EFI/redhat/grubenv',
  'boot/efi/EFI/redhat/grubenv': grubenv(`saved_entry=${ID8}-4.18.0-305.el8.x86_64
kernelopts=root=/dev/mapper/root_vg-lv_root ro crashkernel=auto resume=/dev/mapper/root_vg-lv_swap rd.lvm.lv=root_vg/lv_root rd.lvm.lv=root_vg/lv_swap console=tty0 console=ttyS0,115200 
boot_success=0
tuned_params=transparent_hugepages=never
tuned_initrd=
`),
}

/** Debian 12: the files of grub2-common 2.06-13+deb12u2 and kdump-tools 1:1.8.1. */
export const DEBIAN: FileTree = {
  ...facts('6.1.0-50-amd64', 'ID=debian\nVERSION_ID="12"\n'),
  'etc/default/grub': `# If you change this file, run 'update-grub' afterwards to update
# /boot/grub/grub.cfg.
# For full documentation of the options in this file, see:
#   info -f grub -n 'Simple configuration'

GRUB_DEFAULT=0
GRUB_TIMEOUT=5
GRUB_DISTRIBUTOR=\`lsb_release -i -s 2> /dev/null || echo Debian\`
GRUB_CMDLINE_LINUX_DEFAULT="quiet"
GRUB_CMDLINE_LINUX=""

# Uncomment to enable BadRAM filtering, modify to suit your needs
#GRUB_BADRAM="0x01234567,0xfefefefe,0x89abcdef,0xefefefef"
`,
  'etc/default/grub.d/init-select.cfg': '# Work around a bug in the obsolete init-select package\n',
  'etc/default/grub.d/kdump-tools.cfg':
    'GRUB_CMDLINE_LINUX_DEFAULT="$GRUB_CMDLINE_LINUX_DEFAULT crashkernel=384M-:128M"\n',
  'usr/sbin/update-grub': '#!/bin/sh\nset -e\nexec grub-mkconfig -o /boot/grub/grub.cfg "$@"\n',
  'boot/grub/grub.cfg': '# DO NOT EDIT THIS FILE\n',
}

/** openSUSE, as YaST writes the file. */
export const OPENSUSE: FileTree = {
  ...facts(
    '6.4.0-150600.21-default',
    'ID="opensuse-leap"\nID_LIKE="suse opensuse"\nVERSION_ID="15.6"\n',
  ),
  'etc/default/grub': `GRUB_DISTRIBUTOR=
GRUB_DEFAULT=saved
GRUB_TIMEOUT=8
GRUB_CMDLINE_LINUX_DEFAULT="splash=silent resume=/dev/disk/by-uuid/6e29face-23c6-40d7-8192-c96417d41b6a quiet mitigations=auto crashkernel=72M,low crashkernel=224M,high"
GRUB_CMDLINE_LINUX=''
GRUB_TERMINAL="gfxterm"
SUSE_BTRFS_SNAPSHOT_BOOTING="true"
`,
  'boot/grub2/grub.cfg': '# DO NOT EDIT THIS FILE\n',
}

const ID_SD = '0123456789abcdef0123456789abcdef'

/** systemd-boot with kernel-install's layout: machine id and version as folders on the ESP. */
export const SYSTEMD_BOOT: FileTree = {
  ...facts('6.12.1-arch1-1', 'ID=arch\n'),
  'etc/machine-id': `${ID_SD}\n`,
  'etc/kernel/cmdline': 'root=UUID=c21f153f-c0a8-42db-9ba5-8299e3c3d5b9 rw quiet\n',
  'efi/loader/loader.conf': `timeout 3\nconsole-mode keep\ndefault ${ID_SD}-*\n`,
  [`efi/loader/entries/${ID_SD}-6.12.1-arch1-1.conf`]: `# Boot Loader Specification type#1 entry
# File created by /usr/lib/kernel/install.d/90-loaderentry.install (systemd 256.7-1-arch)
title      Arch Linux
version    6.12.1-arch1-1
machine-id ${ID_SD}
sort-key   arch
options    root=UUID=c21f153f-c0a8-42db-9ba5-8299e3c3d5b9 rw quiet systemd.machine_id=${ID_SD}
linux      /${ID_SD}/6.12.1-arch1-1/linux
initrd     /${ID_SD}/6.12.1-arch1-1/initrd
`,
  [`efi/${ID_SD}/6.12.1-arch1-1/linux`]: '',
}

/** zipl.conf of RHEL 7 on s390x: sections with quoted parameters. */
export const ZIPL: FileTree = {
  ...facts('3.10.0-1160.el7.s390x', 'ID="rhel"\nVERSION_ID="7.9"\n', 's390x'),
  'etc/zipl.conf': `[defaultboot]
defaultauto
prompt=1
timeout=5
default=3.10.0-1160.el7.s390x
target=/boot
[3.10.0-1160.el7.s390x]
\timage=/boot/vmlinuz-3.10.0-1160.el7.s390x
\tparameters="root=/dev/mapper/rhel-root rd.dasd=0.0.0100 crashkernel=auto LANG=en_US.UTF-8"
\tramdisk=/boot/initramfs-3.10.0-1160.el7.s390x.img
[linux-0-rescue]
\timage=/boot/vmlinuz-0-rescue
\tramdisk=/boot/initramfs-0-rescue.img
\tparameters="root=/dev/mapper/rhel-root rd.dasd=0.0.0100 crashkernel=auto"
`,
}

/** Fedora CoreOS: deployments, the newest with the highest number. */
export const OSTREE: FileTree = {
  ...facts('6.11.5-300.fc41.x86_64', 'ID=fedora\nVERSION_ID=41\nVARIANT_ID=coreos\n'),
  'run/ostree-booted': '',
  'boot/loader/entries/ostree-1.conf': `title Fedora CoreOS 41.20241027.3.0 (ostree:1)
version 1
options mitigations=auto,nosmt ignition.platform.id=qemu ostree=/ostree/boot.1/fedora-coreos/1f/0 rw
linux /ostree/fedora-coreos-1f/vmlinuz-6.11.4-300.fc41.x86_64
initrd /ostree/fedora-coreos-1f/initramfs-6.11.4-300.fc41.x86_64.img
`,
  'boot/loader/entries/ostree-2.conf': `title Fedora CoreOS 41.20241109.3.0 (ostree:0)
version 2
options mitigations=auto,nosmt ignition.platform.id=qemu crashkernel=256M ostree=/ostree/boot.1/fedora-coreos/2a/0 rw
linux /ostree/fedora-coreos-2a/vmlinuz-6.11.5-300.fc41.x86_64
initrd /ostree/fedora-coreos-2a/initramfs-6.11.5-300.fc41.x86_64.img
`,
}
