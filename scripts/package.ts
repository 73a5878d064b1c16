// What is handed to people:  bin/node scripts/package.ts [--deb] [--plain]
//   dist/kbox-VERSION-linux-ARCH.tar.xz   a checkout without its sources; unpack it and run bin/kbox install
//   dist/kbox_VERSION_ARCH.deb            the same layout, for dpkg (--deb)
// --plain leaves the tarball uncompressed: tests unpack it in an emulated machine.
import { execFileSync, spawnSync } from 'node:child_process'
import {
  chmodSync,
  copyFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { VERSION } from '../src/cli/version.ts'
import { applyInstall } from '../src/host/control/install/apply_install.ts'
import { planInstall } from '../src/host/control/install/install_plan.ts'
import { recordPath } from '../src/host/control/install/install_record.ts'
import { findPayload, listPackages, type Payload } from '../src/host/control/install/payload.ts'
import { ARCH } from './private_apt.ts'

const NAME = `kbox-${VERSION}-linux-${process.arch}`
/** Same input, same bytes: no owners of ours, and one time for all. */
const TAR_OPTIONS = '--sort=name --owner=0 --group=0 --numeric-owner'.split(' ')

/** Copy everything an installation needs into a folder, laid out as findPayload() finds it. */
export function stagePayload(payload: Payload, folder: string): void {
  const at = (name: string): string => path.join(folder, name)
  for (const name of ['bin', 'dist', 'node_modules']) mkdirSync(at(name), { recursive: true })
  for (const name of ['bin/kbox', 'bin/node', 'LICENSE'])
    cpSync(path.join(payload.root, name), at(name), { preserveTimestamps: true })
  cpSync(path.join(payload.root, 'packaging'), at('packaging'), { recursive: true })
  cpSync(payload.bundle, at('dist/bundle'), { recursive: true, preserveTimestamps: true })
  cpSync(payload.runtime, at('dist/runtime.squashfs'), { preserveTimestamps: true })
  copyFileSync(payload.busybox, at('dist/busybox'))
  copyFileSync(payload.node, at('dist/node'))
  chmodSync(at('dist/node'), 0o755)
  // Some 18 MB of symbols that nobody debugs with.
  spawnSync('strip', [at('dist/node')], { stdio: 'ignore' })
  const modules = path.join(payload.root, 'node_modules')
  for (const { name, files } of listPackages(modules))
    for (const file of files)
      cpSync(path.join(modules, name, file), at(path.join('node_modules', name, file)))
}

/** Write the tarball; returns its path. */
export function writeTarball(payload: Payload, isPlain: boolean, into = 'dist'): string {
  const scratch = mkdtempSync(path.join(os.tmpdir(), 'kbox-package-'))
  try {
    stagePayload(payload, path.join(scratch, NAME))
    const file = path.resolve(into, `${NAME}.tar${isPlain ? '' : '.xz'}`)
    const fresh = `${file}.${process.pid}`
    const compress = isPlain ? [] : ['-I', 'xz -6 -T0']
    const time = `--mtime=@${builtAt(payload)}`
    execFileSync('tar', [...TAR_OPTIONS, time, ...compress, '-C', scratch, '-cf', fresh, NAME])
    renameSync(fresh, file)
    return file
  } finally {
    rmSync(scratch, { recursive: true })
  }
}

/** Seconds since 1970, as a text: when the bundle was built, or what SOURCE_DATE_EPOCH says. */
function builtAt({ bundle }: Payload): string {
  const { SOURCE_DATE_EPOCH: given } = process.env
  return given ?? String(Math.floor(statSync(path.join(bundle, 'kbox.mjs')).mtimeMs / 1000))
}

/** Of the C library's, Node needs what every release since Debian 11 has. */
const CONTROL = `Package: kbox
Version: ${VERSION}
Architecture: ${ARCH}
Maintainer: kbox <kbox@localhost>
Section: admin
Priority: optional
Depends: libc6 (>= 2.28), libstdc++6, libgcc-s1
Description: the Linux kernel's black box: kdump, makedumpfile and crash as one program
 Arms a machine for the moment its kernel dies, records the dead kernel's memory,
 and explains why it died, without debuginfo packages.
`
const POSTINST = `#!/bin/sh
set -e
[ ! -d /run/systemd/system ] || systemctl daemon-reload
`
const PRERM = `#!/bin/sh
set -e
if [ "$1" = remove ] && [ -d /run/systemd/system ]; then systemctl disable --now kdump.service || :; fi
`
const POSTRM = `#!/bin/sh
set -e
[ "$1" != purge ] || rm -rf /var/cache/kbox
[ ! -d /run/systemd/system ] || systemctl daemon-reload
`

/** Write the Debian package; returns its path. dpkg keeps the record of its files, so ours is left out. */
export function writeDeb(payload: Payload, into = 'dist'): string {
  const root = mkdtempSync(path.join(os.tmpdir(), 'kbox-deb-'))
  try {
    applyInstall(planInstall(payload, { root, prefix: '/usr', withNode: true, kbox: VERSION }))
    rmSync(path.join(root, recordPath('/usr')))
    mkdirSync(path.join(root, 'DEBIAN'))
    const control = { control: CONTROL, conffiles: '/etc/kdump.conf\n' }
    for (const [name, text] of Object.entries(control))
      writeFileSync(path.join(root, 'DEBIAN', name), text)
    for (const [name, text] of Object.entries({ postinst: POSTINST, prerm: PRERM, postrm: POSTRM }))
      writeFileSync(path.join(root, 'DEBIAN', name), text, { mode: 0o755 })
    chmodSync(root, 0o755)
    const file = path.resolve(into, `kbox_${VERSION}_${ARCH}.deb`)
    execFileSync('dpkg-deb', ['--root-owner-group', '-Zxz', '-z3', '--build', root, file], {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: { ...process.env, SOURCE_DATE_EPOCH: builtAt(payload) },
    })
    return file
  } finally {
    rmSync(root, { recursive: true })
  }
}

if (import.meta.main) {
  const payload = findPayload()
  console.log(writeTarball(payload, process.argv.includes('--plain')))
  if (process.argv.includes('--deb')) console.log(writeDeb(payload))
}
