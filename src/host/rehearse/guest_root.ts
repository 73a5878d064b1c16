// Makes what the guest boots from: a small initramfs that finds the disk, and the disk's root file system with
// busybox, the kernel's modules, the runtime that runs kbox, and the configuration to rehearse.
import {
  copyFileSync,
  linkSync,
  mkdirSync,
  openSync,
  closeSync,
  readFileSync,
  realpathSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import path from 'node:path'
import { HostError } from '../../core/base/errors.ts'
import { writeCpio, type CpioEntry } from '../control/initramfs/cpio.ts'
import { readModule } from '../control/initramfs/module_file.ts'
import type { KernelModule, ModuleIndex } from '../control/initramfs/module_index.ts'
import { GUEST, type GuestPlan } from './guest_files.ts'
import { runTool } from './host_tool.ts'

/** What the guest's disk needs before its root can be mounted. */
const BOOT_MODULES = ['virtio_pci', 'virtio_blk', 'ext4']
/** Mounting the runtime; then what makes a dump worth looking at. Those a kernel lacks are left out. */
const ROOT_MODULES = [
  'loop',
  'squashfs',
  'virtio_net',
  'overlay',
  'dm_mod',
  'fuse',
  'tun',
  'af_packet',
  'dummy',
  // The compressor of zram, before it was built in.
  'lzo-rle',
  'zram',
]

/** A file for the guest's root, such as a test brings. */
export interface GuestFile {
  /** Absolute path in the guest. */
  readonly path: string
  readonly source: string
}

/** Addresses that need no luck: no server is asked for them. */
export interface GuestNetwork {
  /** With its prefix length. */
  readonly address: string
  readonly gateway: string
}

/** What the guest's root is made of. */
export interface GuestRootPlan {
  readonly release: string
  readonly kernel: string
  readonly modules: ModuleIndex
  /** Modules that the configuration asks for. */
  readonly extraModules: readonly string[]
  readonly busybox: string
  readonly runtime: string
  readonly kdumpConf: string
  /** Folders that must exist, such as the one dumps go to. */
  readonly folders: readonly string[]
  readonly files: readonly GuestFile[]
  /** What its first network card gets; undefined without one. */
  readonly network: GuestNetwork | undefined
  readonly guest: GuestPlan
}

/** Write the initramfs that mounts /dev/vda and goes on there. */
export function buildGuestInitramfs(
  file: string,
  { busybox, modules }: Pick<GuestRootPlan, 'busybox' | 'modules'>,
): void {
  const needed = modules.order(BOOT_MODULES).modules
  const entries: CpioEntry[] = [
    ...['bin', 'dev', 'modules', 'proc', 'root'].map((folder): CpioEntry => ({
      kind: 'directory',
      path: folder,
      mode: 0o755,
    })),
    { kind: 'device', path: 'dev/console', mode: 0o600, major: 5, minor: 1 },
    { kind: 'file', path: 'init', mode: 0o755, content: Buffer.from(bootScript(needed)) },
    { kind: 'file', path: 'bin/busybox', mode: 0o755, content: readFileSync(busybox) },
    ...needed.map((module): CpioEntry => {
      return {
        kind: 'file',
        path: `modules/${module.name}.ko`,
        mode: 0o600,
        content: readModule(module.file, busybox),
      }
    }),
  ]
  const fd = openSync(file, 'w', 0o600)
  try {
    writeCpio(fd, entries)
  } finally {
    closeSync(fd)
  }
}

const bootScript = (modules: readonly KernelModule[]): string => `#!/bin/busybox sh
# kbox rehearse: /init of the guest's initramfs.
b=/bin/busybox
$b mount -t devtmpfs devtmpfs /dev
${modules.map(({ name }) => `$b insmod /modules/${name}.ko\n`).join('')}n=0
while [ ! -b /dev/vda ] && [ $n -lt 100 ]; do $b sleep 0.1; n=$((n + 1)); done
$b mount -t ext4 /dev/vda /root || { echo "kbox-rehearse: the root disk cannot be mounted"; $b poweroff -f; }
$b umount /dev
exec $b switch_root /root /sbin/init
`

/**
 * Fill a folder with the guest's root file system.
 *
 * @throws {HostError} if an input is missing
 */
export function fillGuestRoot(tree: string, plan: GuestRootPlan): void {
  const { release, kernel, busybox, runtime, kdumpConf, folders, files, guest } = plan
  const at = (file: string): string => path.join(tree, file)
  const standard = [
    'bin',
    'sbin',
    'dev',
    'proc',
    'sys',
    'run',
    'tmp',
    'etc/kbox',
    'boot',
    'root',
    'var/lib/kdump',
    'usr/lib/kbox',
  ]
  for (const folder of [...standard, GUEST.truth, GUEST.work, GUEST.modules, ...folders])
    mkdirSync(at(folder), { recursive: true })
  copyFileSync(busybox, at('bin/busybox'))
  for (const applet of runTool('busybox', ['--list']).stdout.split('\n')) {
    if (/^[\w-]+$/.test(applet) && applet !== 'busybox' && applet !== 'init')
      symlinkSync('busybox', at(`bin/${applet}`))
  }
  const rootModules = plan.modules.order([
    ...BOOT_MODULES,
    ...ROOT_MODULES,
    ...plan.extraModules,
  ]).modules
  const loadedAtBoot = new Set(plan.modules.order(BOOT_MODULES).modules.map(({ name }) => name))
  const toLoad = rootModules.filter(({ name }) => !loadedAtBoot.has(name))
  for (const { name, file } of toLoad)
    writeFileSync(at(`${GUEST.modules}/${name}.ko`), readModule(file, busybox))
  writeFileSync(at('sbin/init'), initScript(toLoad, plan.network), { mode: 0o755 })
  writeFileSync(
    at('etc/passwd'),
    'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/sh\n',
  )
  writeFileSync(at('etc/group'), 'root:x:0:\nnogroup:x:65534:\n')
  writeFileSync(at(GUEST.plan), `${JSON.stringify(guest, null, 2)}\n`)
  writeFileSync(at(GUEST.kdumpConf), kdumpConf)
  place(kernel, at(`boot/vmlinuz-${release}`))
  place(runtime, at(GUEST.runtime))
  for (const file of files) {
    mkdirSync(path.dirname(at(file.path)), { recursive: true })
    place(file.source, at(file.path))
  }
  placeModules(plan, rootModules, at(`lib/modules/${release}`))
}

/** depmod's files, but with only those modules that are there, so that nothing else is asked for. */
function placeModules(
  { modules }: GuestRootPlan,
  chosen: readonly KernelModule[],
  folder: string,
): void {
  mkdirSync(folder, { recursive: true })
  for (const name of ['modules.alias', 'modules.builtin', 'modules.softdep', 'modules.order']) {
    try {
      copyFileSync(path.join(modules.directory, name), path.join(folder, name))
    } catch {
      // A kernel without soft dependencies has no such file.
    }
  }
  const relative = new Set(chosen.map(({ file }) => path.relative(modules.directory, file)))
  const dep = readFileSync(path.join(modules.directory, 'modules.dep'), 'utf8')
  const kept = dep
    .split('\n')
    .filter((line) => relative.has(line.slice(0, Math.max(0, line.indexOf(':')))))
  writeFileSync(path.join(folder, 'modules.dep'), `${kept.join('\n')}\n`)
  for (const file of relative) {
    mkdirSync(path.dirname(path.join(folder, file)), { recursive: true })
    copyFileSync(path.join(modules.directory, file), path.join(folder, file))
  }
}

/** Link where that is possible: kernel and runtime are large and are copied once more, into the image. */
function place(source: string, to: string): void {
  try {
    // A link to a symbolic link would be a symbolic link.
    linkSync(realpathSync(source), to)
  } catch {
    try {
      copyFileSync(source, to)
    } catch (cause) {
      throw new HostError(`${source} cannot be copied into the guest`, '', { cause })
    }
  }
}

const networkScript = ({ address, gateway }: GuestNetwork): string =>
  `for device in /sys/class/net/*/device; do
  card=$(basename "$(dirname "$device")")
  ip link set "$card" up
  ip addr add ${address} dev "$card"
  ip route add default via ${gateway}
  break
done`

/** The guest's PID 1: mounts, modules, runtime; then everything else is done by kbox in the guest. */
const initScript = (
  modules: readonly KernelModule[],
  network: GuestNetwork | undefined,
): string => `#!/bin/sh
# kbox rehearse: PID 1 of the guest.
export PATH=/bin:/sbin:${GUEST.mountpoint}/bin HOME=/root
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
# The console of the initramfs's /dev is gone.
exec < /dev/console > /dev/console 2>&1
mount -t tmpfs -o mode=755 tmpfs /run
mount -t tmpfs -o size=32m tmpfs /tmp
mkdir -p /dev/pts ${GUEST.mountpoint}
mount -t devpts devpts /dev/pts
mount -t cgroup2 cgroup2 /sys/fs/cgroup
hostname kbox-guest
ip link set lo up
stty -F ${GUEST.channel} raw -echo
echo '{"event":"up"}' > ${GUEST.channel}
${modules.map(({ name }) => `insmod ${GUEST.modules}/${name}.ko`).join('\n')}
${network ? networkScript(network) : ''}
if mount -t squashfs -o loop,ro ${GUEST.runtime} ${GUEST.mountpoint}; then
  ln -s ${GUEST.mountpoint}/lib /lib64
  export LD_LIBRARY_PATH=${GUEST.mountpoint}/lib
  ${GUEST.mountpoint}/bin/node ${GUEST.mountpoint}/kbox/kbox.mjs rehearse --in-guest ${GUEST.plan}
  echo "kbox-rehearse: the guest's program ended with code $?"
else
  echo "kbox-rehearse: the runtime cannot be mounted"
fi
echo '{"event":"failed","step":"guest","error":"the guest program ended, see the console"}' > ${GUEST.channel}
sync
poweroff -f
`
