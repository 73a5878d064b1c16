// Kernels of Debian (cloud) and Ubuntu (generic) for rehearsals and tests, unpacked under the cache folder and never installed:
//   bin/node scripts/fetch_kernel.ts [--dbg] [--headers] [--update] 6.1 6.12 sid ubuntu-6.8
// Prints each kernel's folder. A kernel that is there already costs neither network nor apt. apt is run as the
// user, on lists and a sources file of its own, so the system's package state is neither used nor touched.
import { execFileSync } from 'node:child_process'
import {
  existsSync,
  globSync,
  lstatSync,
  mkdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { cachePath, findCachedKernel } from './cache.ts'
import { fetchHeaders } from './kernel_headers.ts'
import { ARCH, MIRROR, privateApt, type Apt } from './private_apt.ts'

const SECURITY_MIRROR =
  process.env.KBOX_DEBIAN_SECURITY_MIRROR ?? 'http://deb.debian.org/debian-security'

interface Series {
  /** One-line apt sources, without the options every line has. */
  readonly sources: readonly string[]
  /** Package of Debian with the keyring the sources are signed by; absent: Debian's own. */
  readonly keyring?: string
  /** The kernel's image package is this one, or what this one depends on; the newest that matches. */
  readonly image: RegExp
}

const UBUNTU_MIRROR = process.env.KBOX_UBUNTU_MIRROR ?? 'http://archive.ubuntu.com/ubuntu'

const BULLSEYE = [`${MIRROR} bullseye main`, `${SECURITY_MIRROR} bullseye-security main`]
const BOOKWORM = [`${MIRROR} bookworm main`, `${SECURITY_MIRROR} bookworm-security main`]

const SERIES: Readonly<Record<string, Series>> = {
  // VMCOREINFO does not locate kallsyms there.
  '5.10': { sources: BULLSEYE, image: new RegExp(`^linux-image-5\\.10\\.0-\\d+-cloud-${ARCH}$`) },
  '6.1': { sources: BOOKWORM, image: new RegExp(`^linux-image-6\\.1\\.0-\\d+-cloud-${ARCH}$`) },
  '6.12': {
    sources: BOOKWORM,
    image: new RegExp(`^linux-image-6\\.12\\.[\\d.]+\\+deb12-cloud-${ARCH}$`),
  },
  // The newest there is: sid's name for it changes with every upload.
  sid: {
    sources: [`${MIRROR} sid main`],
    image: new RegExp(`^linux-image-\\d[\\w.+]*-cloud-${ARCH}$`),
  },
  // Ubuntu's have frame pointers in place of unwind tables.
  ...Object.fromEntries(
    [
      ['5.15', 'jammy'],
      ['6.5', 'jammy'],
      ['6.8', 'noble'],
      ['6.11', 'noble'],
      ['6.14', 'noble'],
      ['6.17', 'noble'],
      ['7.0', 'noble'],
    ].map(([version, release]) => [`ubuntu-${version}`, ubuntu(version ?? '', release ?? '')]),
  ),
}

function ubuntu(version: string, release: string): Series {
  return {
    sources: [`${UBUNTU_MIRROR} ${release}-updates main`],
    keyring: 'ubuntu-keyring',
    image: new RegExp(`^linux-image-${version.replace('.', '\\.')}\\.0-\\d+-generic$`),
  }
}

if (import.meta.main) main()

function main(): void {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      dbg: { type: 'boolean', default: false },
      headers: { type: 'boolean', default: false },
      update: { type: 'boolean', default: false },
    },
  })
  try {
    for (const name of positionals) {
      fetchKernel(name, values.update)
      if (values.dbg) fetchVmlinux(name)
      if (values.headers) fetchHeadersOf(name)
      console.log(cachePath('kernels', name))
    }
  } catch (error) {
    console.error(`fetch_kernel: ${error instanceof Error ? error.message : String(error)}`)
    process.exitCode = 1
  }
}

/** Download and unpack the newest kernel of a series, unless one is cached (or `update` asks for a newer one). */
function fetchKernel(name: string, update: boolean): void {
  const cached = findCachedKernel(name)
  if (cached && !update) return
  const series = SERIES[name]
  if (!series) throw new Error(`unknown series ${name}: expected ${Object.keys(SERIES).join(', ')}`)
  if (!existsSync('/usr/bin/apt-get')) {
    throw new Error(
      `needs Debian's apt-get: unpack a kernel package into ${cachePath('kernels', name)} by hand`,
    )
  }
  const apt = aptOf(name, series)
  apt.update()
  const image = apt
    .packageNames('linux-image-')
    .filter((candidate) => series.image.test(candidate))
    .sort((a, b) => a.localeCompare(b, 'en', { numeric: true }))
    .at(-1)
  if (!image) throw new Error(`no package of ${series.sources.join(', ')} matches ${series.image}`)
  const release = image.slice('linux-image-'.length)
  const version = apt.candidate(image)
  if (cached?.version === version) return
  console.error(`fetch_kernel: ${release} (${version})`)

  const target = cachePath('kernels', name)
  const fresh = `${target}.partial`
  rmSync(fresh, { recursive: true, force: true })
  mkdirSync(fresh, { recursive: true })
  for (const deb of apt.download([image, ...apt.partsOf(image, release)])) {
    execFileSync('dpkg-deb', ['-x', deb, fresh])
    rmSync(deb)
  }
  settle(fresh, release)
  writeFileSync(path.join(fresh, 'kernel.json'), `${JSON.stringify({ release, version })}\n`)
  rmSync(target, { recursive: true, force: true })
  renameSync(fresh, target)
}

/** apt for a series; the keyring of another distribution comes from Debian, which has signed it. */
function aptOf(name: string, { sources, keyring }: Series): Apt {
  if (keyring === undefined) return privateApt(name, sources)
  const folder = cachePath('apt', keyring)
  const find = (): string | undefined =>
    globSync(`${folder}/usr/share/keyrings/*-archive-keyring.gpg`)[0]
  if (find() === undefined) {
    const debian = privateApt('keyrings', [`${MIRROR} sid main`])
    debian.update()
    for (const deb of debian.download([keyring])) {
      mkdirSync(folder, { recursive: true })
      execFileSync('dpkg-deb', ['-x', deb, folder])
      rmSync(deb)
    }
  }
  return privateApt(name, sources, find())
}

/** Give every series the same layout: boot/vmlinuz-R, boot/config-R, lib/modules/R with a modules.dep. */
function settle(folder: string, release: string): void {
  // Since 7.x (Debian 14) a package keeps all under usr/lib/modules and names none of it in /boot.
  if (!existsSync(path.join(folder, 'lib'))) symlinkSync('usr/lib', path.join(folder, 'lib'))
  mkdirSync(path.join(folder, 'boot'), { recursive: true })
  for (const file of ['vmlinuz', 'config', 'System.map']) {
    const inBoot = path.join(folder, 'boot', `${file}-${release}`)
    const inModules = `lib/modules/${release}/${file}`
    if (!existsSync(inBoot) && existsSync(path.join(folder, inModules)))
      symlinkSync(`../${inModules}`, inBoot)
  }
  // What the package's own post-installation script would do.
  execFileSync('depmod', ['-b', folder, release], {
    env: { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/sbin` },
  })
}

/** Download the kernel's vmlinux with DWARF (some 300 MB to fetch, 400 MB kept), unless it is cached. */
function fetchVmlinux(name: string): void {
  const kernel = findCachedKernel(name)
  const series = SERIES[name]
  if (!kernel || !series || existsSync(kernel.vmlinux)) return
  const apt = privateApt(name, series.sources)
  const wanted = `linux-image-${kernel.release}-dbg`
  if (apt.candidate(wanted) !== kernel.version) apt.update()
  if (apt.candidate(wanted) !== kernel.version) {
    throw new Error(
      `${wanted} ${kernel.version} has left the mirror: run again with --update to take a newer kernel`,
    )
  }
  console.error(`fetch_kernel: ${wanted}`)
  const fresh = `${kernel.vmlinux}.partial`
  rmSync(fresh, { recursive: true, force: true })
  mkdirSync(fresh)
  for (const deb of apt.download([wanted])) {
    execFileSync('sh', [
      '-c',
      'dpkg-deb --fsys-tarfile "$0" | tar -x -C "$1" --wildcards "*/vmlinux*"',
      deb,
      fresh,
    ])
    rmSync(deb)
  }
  const file = globSync(`${fresh}/**/vmlinux*`).find((candidate) => lstatSync(candidate).isFile())
  if (!file) throw new Error(`${wanted} holds no vmlinux`)
  renameSync(file, kernel.vmlinux)
  rmSync(fresh, { recursive: true })
}

function fetchHeadersOf(name: string): void {
  const kernel = findCachedKernel(name)
  const series = SERIES[name]
  if (kernel && series) fetchHeaders(aptOf(name, series), kernel)
}
