// A real NFS server for rehearsals: a small virtual machine with the kernel's nfsd, and Debian's rpcbind, mountd and
// exportfs. It is 10.0.2.2, the gateway that a rehearsal's guest knows, and fd00::2 in VLAN 7, on a wire of their own.
import {
  closeSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
} from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fetchNfsServer } from '../../scripts/fetch_nfs_server.ts'
import { writeCpio, type CpioEntry } from '../../src/host/control/initramfs/cpio.ts'
import { readModule } from '../../src/host/control/initramfs/module_file.ts'
import { ModuleIndex } from '../../src/host/control/initramfs/module_index.ts'
import { findLibraries } from '../../src/host/platform/elf_needed.ts'
import { chooseAccelerator } from '../../src/host/rehearse/accelerator.ts'
import { extractFolder, makeDisk, repairDisk } from '../../src/host/rehearse/disk_image.ts'
import { findTool } from '../../src/host/rehearse/host_tool.ts'
import { Machine } from '../../src/host/rehearse/machine.ts'
import type { MachineCard } from '../../src/host/rehearse/machine_spec.ts'
import { getCachedKernel } from './rehearsals.ts'

const PROGRAMS = ['sbin/rpcbind', 'usr/sbin/rpc.mountd', 'usr/sbin/rpc.nfsd', 'usr/sbin/exportfs']
const MODULES = ['virtio_pci', 'virtio_blk', 'virtio_net', 'ext4', 'nfsd', '8021q']
const START_TIMEOUT_MS = 120_000
const DISK_SIZE = 512 * 2 ** 20
/** Where the server's disk is mounted and exported. */
const EXPORT = '/export'
/** What its DHCP server gives to whoever asks. */
export const DHCP_ADDRESS = '10.0.2.77'
/** A connection to this port ends the service: its port then takes connections and answers nothing. */
export const SILENCE_PORT = 9

/** A running NFS server. */
export interface NfsServer extends AsyncDisposable {
  /** The card a guest reaches it by. */
  readonly card: MachineCard
  /** Copy what it holds to this machine; returns the folder. It goes on. */
  receive(): Promise<string>
}

/**
 * Start a server.
 *
 * @param folders folders of its export, for all to write to
 */
export async function startNfsServer(folders: readonly string[]): Promise<NfsServer> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'kbox-nfs-'))
  const remove = (): void => rmSync(folder, { recursive: true, force: true })
  process.once('exit', remove)
  const kernel = getCachedKernel('6.1')
  const disk = path.join(folder, 'export.img')
  const tree = path.join(folder, 'export')
  for (const name of folders) mkdirSync(path.join(tree, name), { recursive: true })
  makeDisk({ file: disk, sizeBytes: DISK_SIZE, fstype: 'ext4', uuid: '', label: '', tree })
  const initrd = path.join(folder, 'initrd')
  buildInitramfs(initrd, kernel)
  const wire = path.join(folder, 'wire')
  const machine = await Machine.start(
    {
      accelerator: await chooseAccelerator(kernel.vmlinuz, findTool('busybox')),
      memoryBytes: 256 * 2 ** 20,
      cpus: 1,
      kernel: kernel.vmlinuz,
      initrd,
      cmdline: 'console=ttyS0 panic=1',
      disks: [{ file: disk }],
      cards: [netCard('52:54:00:00:00:02', `stream,server=on,addr.type=unix,addr.path=${wire}`)],
    },
    path.join(folder, 'console.log'),
  )
  try {
    const signal = AbortSignal.any([machine.gone, AbortSignal.timeout(START_TIMEOUT_MS)])
    await machine.console.waitFor(/nfs server: ready/, signal)
  } catch (cause) {
    const console = readFileSync(path.join(folder, 'console.log'), 'utf8').slice(-3000)
    await machine[Symbol.asyncDispose]()
    throw new Error(`the NFS server did not start:\n${console}`, { cause })
  }
  return {
    card: netCard('52:54:00:00:00:15', `stream,server=off,addr.type=unix,addr.path=${wire}`),
    async receive() {
      // What was promised to a client is on the disk; its journal is replayed in the copy.
      const copy = path.join(folder, 'copy.img')
      const into = path.join(folder, 'received')
      rmSync(into, { recursive: true, force: true })
      copyFileSync(disk, copy)
      repairDisk(copy)
      extractFolder(copy, '/', into)
      return into
    },
    async [Symbol.asyncDispose]() {
      await machine[Symbol.asyncDispose]()
      process.off('exit', remove)
      remove()
    },
  }
}

const netCard = (mac: string, netdev: string): MachineCard => ({
  model: 'virtio-net-pci',
  mac,
  netdev,
})

function buildInitramfs(
  file: string,
  { baseDir, release }: { baseDir: string; release: string },
): void {
  const folders = [
    'bin',
    'dev',
    'etc',
    EXPORT.slice(1),
    'lib',
    'lib64',
    'modules',
    'proc',
    'run',
    'sys',
    'tmp',
    'var',
    'var/lib',
    'var/lib/nfs',
  ]
  const fd = openSync(file, 'w', 0o600)
  try {
    writeCpio(fd, [
      ...folders.map((name): CpioEntry => ({ kind: 'directory', path: name, mode: 0o755 })),
      { kind: 'device', path: 'dev/console', mode: 0o600, major: 5, minor: 1 },
      ...serverFiles(baseDir, release),
    ])
  } finally {
    closeSync(fd)
  }
}

/** What the server runs, and the modules it loads. */
function serverFiles(baseDir: string, release: string): CpioEntry[] {
  const busybox = findTool('busybox')
  const root = fetchNfsServer()
  const modules = new ModuleIndex(path.join(baseDir, 'lib/modules', release)).order(MODULES).modules
  const programs = PROGRAMS.map((name) => path.join(root, name))
  const libraries = findLibraries(
    programs,
    ['usr/lib/x86_64-linux-gnu', 'lib/x86_64-linux-gnu'].map((name) => path.join(root, name)),
  )
  return [
    text('init', 0o755, initScript(modules.map(({ name }) => name))),
    text('bin/silence', 0o755, SILENCE_SCRIPT),
    text(
      'etc/exports',
      0o644,
      `${EXPORT} *(rw,sync,no_subtree_check,no_root_squash,insecure,fsid=7)\n`,
    ),
    text('etc/passwd', 0o644, 'root:x:0:0::/:/bin/sh\n_rpc:x:100:65534::/run/rpcbind:/bin/sh\n'),
    text('etc/group', 0o644, 'root:x:0:\nnogroup:x:65534:\n'),
    text(
      'etc/udhcpd.conf',
      0o644,
      `start ${DHCP_ADDRESS}\nend ${DHCP_ADDRESS}\ninterface eth0\nlease_file /run/udhcpd.leases\noption subnet 255.255.255.0\noption router 10.0.2.2\n`,
    ),
    text('etc/hosts', 0o644, '127.0.0.1 localhost\n10.0.2.15 guest\n'),
    copied('bin/busybox', busybox),
    ...['netconfig', 'protocols', 'services', 'rpc'].map((name) =>
      copied(`etc/${name}`, path.join(root, 'etc', name)),
    ),
    ...programs.map((program) => copied(`bin/${path.basename(program)}`, program)),
    ...libraries.map(({ soname, file: library }) =>
      copied(soname.startsWith('ld-linux') ? `lib64/${soname}` : `lib/${soname}`, library),
    ),
    ...modules.map(({ name, file: module }): CpioEntry => {
      const content = readModule(module, busybox)
      return { kind: 'file', path: `modules/${name}.ko`, mode: 0o600, content }
    }),
  ]
}

const initScript = (modules: readonly string[]): string => `#!/bin/busybox sh
export PATH=/bin LD_LIBRARY_PATH=/lib
/bin/busybox --install -s /bin
mount -t devtmpfs devtmpfs /dev
mount -t proc proc /proc
mount -t sysfs sysfs /sys
${modules.map((name) => `insmod /modules/${name}.ko`).join('\n')}
hostname nfs-server
ip link set lo up
ip link set eth0 up
ip addr add 10.0.2.2/24 dev eth0
ip link add link eth0 name eth0.7 type vlan id 7
ip link set eth0.7 up
ip addr add fd00::2/64 dev eth0.7
touch /run/udhcpd.leases
udhcpd -S /etc/udhcpd.conf
mount -t ext4 /dev/vda ${EXPORT}
mkdir -p /run/rpcbind /var/lib/nfs/v4recovery
touch /var/lib/nfs/etab /var/lib/nfs/rmtab
mount -t nfsd nfsd /proc/fs/nfsd
rpcbind -w || rpcbind
exportfs -ra
rpc.mountd
# Nobody had a lock before a first start.
echo 10 > /proc/fs/nfsd/nfsv4gracetime
rpc.nfsd 4
echo Y > /proc/fs/nfsd/v4_end_grace
cat /proc/fs/nfsd/versions /proc/fs/nfsd/portlist
exportfs -v
while :; do nc -l -p ${SILENCE_PORT} -e /bin/silence; done &
echo 'nfs server: ready'
while :; do sleep 1000; done
`

const SILENCE_SCRIPT = `#!/bin/sh
rpc.nfsd 0
# The connection that asked for this must not stay open with it.
while :; do nc -l -p 2049; done < /dev/null > /dev/null 2>&1 &
sleep 1
echo silent
`

function text(name: string, mode: number, content: string): CpioEntry {
  return { kind: 'file', path: name, mode, content: Buffer.from(content) }
}

function copied(name: string, source: string): CpioEntry {
  return { kind: 'file', path: name, mode: 0o755, content: readFileSync(source) }
}
