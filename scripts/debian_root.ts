// A Debian with systemd as a disk image, for guests of test/vm:  bin/node scripts/debian_root.ts [--kernel 6.1] [--size 2048] PACKAGE…
// debootstrap, unpacked under the cache folder and never installed, makes the tree; a cached kernel and its modules are
// put into it; mke2fs makes the image, so nothing is mounted. It needs root: a Debian is full of owners and device nodes.
// Kept in the cache under a name made of all that it is made of. Prints the image's path.
import { createHash } from 'node:crypto'
import { execFileSync, spawnSync } from 'node:child_process'
import {
  chmodSync,
  closeSync,
  cpSync,
  existsSync,
  globSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { tryLockFile } from '../src/host/platform/syscalls.ts'
import { makeDisk } from '../src/host/rehearse/disk_image.ts'
import { cachePath, findCachedKernel, type CachedKernel } from './cache.ts'
import { ARCH, MIRROR, privateApt } from './private_apt.ts'

/** What every such root has; systemd-sysv makes it boot, the rest is what a server has anyway. */
const BASE_PACKAGES = 'systemd-sysv udev kmod e2fsprogs iproute2 procps util-linux-extra'.split(' ')
const SUITE = 'bookworm'
/** Goes up when the recipe below changes, so that roots in caches are made anew. */
const RECIPE_VERSION = 1
const DEFAULT_SIZE_MIB = 2048
const LOCK_TIMEOUT_MS = 1_200_000

/** What makes one root different from another. */
export interface DebianRootPlan {
  /** Debian packages beside the base ones. */
  readonly packages: readonly string[]
  /** Series of the cached kernel that is put into it, such as '6.1'. */
  readonly series: string
  /** Size of the ext4 image; it is sparse. */
  readonly sizeMiB?: number
}

/** Say why no root can be made here; undefined if it can. */
export function whyNoDebianRoot(): string | undefined {
  if (process.getuid?.() !== 0) return 'a Debian root is made by debootstrap, which needs root'
  if (!existsSync('/usr/bin/apt-get')) return "debootstrap is fetched with Debian's apt-get"
  return undefined
}

/**
 * Make the root, unless it is in the cache.
 *
 * @returns path of an ext4 image; copy it before a guest writes to it
 * @throws {Error} with debootstrap's last lines if it fails
 */
export function debianRoot({
  packages,
  series,
  sizeMiB = DEFAULT_SIZE_MIB,
}: DebianRootPlan): string {
  const kernel = findCachedKernel(series)
  if (!kernel)
    throw new Error(
      `kernel ${series} is not in the cache: bin/node scripts/fetch_kernel.ts ${series}`,
    )
  const all = [...new Set([...BASE_PACKAGES, ...packages])].sort()
  const key = JSON.stringify({
    recipe: RECIPE_VERSION,
    ...{ mirror: MIRROR, suite: SUITE, arch: ARCH, packages: all },
    ...{ release: kernel.release, version: kernel.version, sizeMiB },
  })
  const name = createHash('sha256').update(key).digest('hex').slice(0, 16)
  const folder = cachePath('roots', name)
  const image = path.join(folder, 'root.img')
  if (existsSync(image)) return image
  using _ = lockCache()
  // By who had the lock.
  if (existsSync(image)) return image
  const fresh = `${folder}.${process.pid}`
  rmSync(fresh, { recursive: true, force: true })
  mkdirSync(fresh, { recursive: true })
  try {
    const tree = path.join(fresh, 'tree')
    bootstrap(tree, all)
    settle(tree)
    placeKernel(tree, kernel)
    makeDisk({
      ...{ file: path.join(fresh, 'root.img'), sizeBytes: sizeMiB * 2 ** 20, fstype: 'ext4' },
      ...{ uuid: '', label: 'root', tree },
    })
    rmSync(tree, { recursive: true })
    writeFileSync(path.join(fresh, 'root.json'), `${key}\n`)
    rmSync(folder, { recursive: true, force: true })
    renameSync(fresh, folder)
  } finally {
    rmSync(fresh, { recursive: true, force: true })
  }
  return image
}

/** Wait until nobody else makes a root: two would bring the same packages into the same folder. */
function lockCache(): Disposable {
  const file = cachePath('roots', 'lock')
  mkdirSync(path.dirname(file), { recursive: true })
  const fd = openSync(file, 'w')
  const clock = new Int32Array(new SharedArrayBuffer(4))
  const endMs = performance.now() + LOCK_TIMEOUT_MS
  while (!tryLockFile(fd)) {
    if (performance.now() > endMs) throw new Error(`${file}: still locked`)
    Atomics.wait(clock, 0, 0, 200)
  }
  return { [Symbol.dispose]: () => closeSync(fd) }
}

function bootstrap(tree: string, packages: readonly string[]): void {
  const own = bringDebootstrap()
  const debs = cachePath('apt', 'debootstrap', SUITE)
  mkdirSync(debs, { recursive: true })
  console.error(`debian_root: ${SUITE} with ${packages.join(' ')}`)
  const args = [
    path.join(own, 'usr/sbin/debootstrap'),
    ...['--variant=minbase', `--arch=${ARCH}`, `--cache-dir=${debs}`],
    ...[`--include=${packages.join(',')}`, SUITE, tree, MIRROR],
  ]
  const { status, stdout, stderr } = spawnSync('sh', args, {
    encoding: 'utf8',
    maxBuffer: 1 << 26,
    env: {
      ...process.env,
      DEBOOTSTRAP_DIR: path.join(own, 'usr/share/debootstrap'),
      DEBIAN_FRONTEND: 'noninteractive',
      LC_ALL: 'C',
    },
  })
  if (status === 0) return
  const said = `${stdout}${stderr}`.trimEnd().split('\n').slice(-5).join('\n')
  throw new Error(`debootstrap failed (${status}): ${said}`)
}

/** Unpack debootstrap into the cache; returns the folder. */
function bringDebootstrap(): string {
  const folder = cachePath('debootstrap')
  if (existsSync(path.join(folder, 'usr/sbin/debootstrap'))) return folder
  const apt = privateApt('debootstrap', [`${MIRROR} ${SUITE} main`])
  apt.update()
  for (const deb of apt.download(['debootstrap'])) {
    execFileSync('dpkg-deb', ['-x', deb, folder])
    rmSync(deb)
  }
  return folder
}

/** Units that a guest of a few minutes would only wait for. */
const MASKED = [
  'apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer e2scrub_reap.service fstrim.timer',
  'systemd-tmpfiles-clean.timer getty@tty1.service getty-static.service serial-getty@ttyS0.service',
  'systemd-binfmt.service systemd-update-utmp.service systemd-update-utmp-runlevel.service',
  'systemd-networkd-wait-online.service nfs-blkmap.service',
]
  .join(' ')
  .split(' ')

/** What only people read, and caches. */
const DROPPED = [
  'var/cache/apt/*',
  'var/lib/apt/lists/*',
  'usr/share/doc/*',
  'usr/share/man/*',
  'usr/share/locale/*',
  'usr/share/info/*',
]

/** What the guest is told through its second serial port, it runs; see test/support/debian_guest.ts. */
const SHELL_FILE = 'usr/local/lib/kbox-guest/shell'
const SHELL = `#!/bin/sh
# Runs what comes in on the port: one command a line, base64. Answers with one line of JSON each.
stty -F /dev/ttyS1 raw -echo
echo '{"event":"up"}'
while IFS= read -r line; do
  file=$(mktemp)
  (printf %s "$line" | base64 -d >"$file.sh"; exec sh "$file.sh" </dev/null >"$file" 2>&1)
  code=$?
  printf '{"event":"ran","code":%d,"output":"%s"}\\n' "$code" "$(base64 -w0 "$file")"
  rm -f "$file" "$file.sh"
done
`
const SHELL_UNIT = `[Unit]
Description=Runs what the host of this guest says
After=dev-ttyS1.device

[Service]
Type=simple
Environment=HOME=/root
StandardInput=file:/dev/ttyS1
StandardOutput=file:/dev/ttyS1
StandardError=journal+console
ExecStart=/${SHELL_FILE}

[Install]
WantedBy=multi-user.target
`

/** Make the tree a machine: names, root without a password, nothing to wait for, and the host's shell. */
function settle(tree: string): void {
  const at = (file: string): string => path.join(tree, file)
  for (const pattern of DROPPED)
    for (const file of globSync(at(pattern))) rmSync(file, { recursive: true })
  const texts = {
    'etc/hostname': 'kbox-debian\n',
    'etc/hosts': '127.0.0.1 localhost kbox-debian\n',
    'etc/fstab': '/dev/vda / ext4 errors=remount-ro 0 1\n',
    // Without one systemd takes this for a first boot and would preset all units.
    'etc/machine-id': 'b08dfa6083e7567a1921a715000001fb\n',
    'etc/systemd/system/kbox-guest-shell.service': SHELL_UNIT,
    [SHELL_FILE]: SHELL,
  }
  for (const [file, text] of Object.entries(texts)) {
    mkdirSync(path.dirname(at(file)), { recursive: true })
    writeFileSync(at(file), text)
  }
  chmodSync(at(SHELL_FILE), 0o755)
  writeFileSync(
    at('etc/shadow'),
    readFileSync(at('etc/shadow'), 'utf8').replace(/^root:[^:]*:/m, 'root::'),
  )
  const units = at('etc/systemd/system')
  for (const unit of MASKED) {
    for (const link of globSync(`${units}/{,*/}${unit}`)) rmSync(link)
    symlinkSync('/dev/null', path.join(units, unit))
  }
  mkdirSync(path.join(units, 'multi-user.target.wants'), { recursive: true })
  symlinkSync(
    '../kbox-guest-shell.service',
    path.join(units, 'multi-user.target.wants/kbox-guest-shell.service'),
  )
}

/** The kernel of the cache, where its package would have put it. */
function placeKernel(tree: string, { baseDir, release }: CachedKernel): void {
  mkdirSync(path.join(tree, 'boot'), { recursive: true })
  for (const name of ['vmlinuz', 'config']) {
    const from = path.join(baseDir, 'boot', `${name}-${release}`)
    if (existsSync(from))
      cpSync(from, path.join(tree, 'boot', path.basename(from)), { dereference: true })
  }
  const modules = path.join('lib/modules', release)
  // Through the tree's own /lib, which is a link to usr/lib.
  const to = path.join(
    tree,
    lstatSync(path.join(tree, 'lib')).isSymbolicLink() ? 'usr' : '',
    modules,
  )
  cpSync(path.join(baseDir, modules), to, {
    recursive: true,
    filter: (source) => !/\/(?:vmlinuz|build|source)$/.test(source),
  })
}

if (import.meta.main) {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      kernel: { type: 'string', default: '6.1' },
      size: { type: 'string', default: String(DEFAULT_SIZE_MIB) },
    },
  })
  const why = whyNoDebianRoot()
  if (why !== undefined) {
    console.error(`debian_root: ${why}`)
    process.exitCode = 1
  } else {
    console.log(
      debianRoot({
        packages: positionals,
        series: values.kernel,
        sizeMiB: Number(values.size),
      }),
    )
  }
}
