// Debian's kexec program for tests of kexec_load(2):  bin/node scripts/fetch_kexec.ts
// Unpacked under the cache folder with the libraries it needs beside libc, and never installed: the package brings services.
// Prints the folder, which is laid out as a root.
import { execFileSync } from 'node:child_process'
import { existsSync, globSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import path from 'node:path'
import { findLibraries } from '../src/host/platform/elf_needed.ts'
import type { GuestFile } from '../src/host/rehearse/guest_root.ts'
import { cachePath } from './cache.ts'
import { MIRROR, privateApt } from './private_apt.ts'

const FOLDER = cachePath('kexec-tools')
/** Of all that the package depends on, what the program itself needs beside libc: it asks whether it runs below Xen. */
const NEEDED = /^(kexec-tools|libxen\S+|libnl-(route-)?3-200|libyajl2|liblzma5|zlib1g|libzstd1)$/

if (import.meta.main) console.log(fetchKexec())

/** Download and unpack it unless it is cached. @returns the folder, with sbin/kexec and lib/ in it */
export function fetchKexec(): string {
  if (existsSync(FOLDER)) return FOLDER
  const apt = privateApt('bookworm-kexec', [`${MIRROR} bookworm main`])
  apt.update()
  const fresh = `${FOLDER}.partial`
  rmSync(fresh, { recursive: true, force: true })
  mkdirSync(fresh, { recursive: true })
  for (const deb of apt.download(
    apt.closure(['kexec-tools']).filter((name) => NEEDED.test(name)),
  )) {
    execFileSync('dpkg-deb', ['-x', deb, fresh])
    rmSync(deb)
  }
  renameSync(fresh, FOLDER)
  return FOLDER
}

/** The program and its libraries as files of a guest's root; libc is there already. */
export function kexecForGuest(): GuestFile[] {
  const folder = fetchKexec()
  const program = path.join(folder, 'sbin/kexec')
  const folders = globSync(`${folder}/{usr/,}lib/*-linux-gnu`)
  const libraries = findLibraries([program], [...folders, ...globSync('/{usr/,}lib/*-linux-gnu')])
  const own = libraries.filter(({ file }) => file.startsWith(folder))
  return [
    { path: '/sbin/kexec', source: program },
    ...own.map(({ soname, file }) => ({
      path: `/usr/lib/x86_64-linux-gnu/${soname}`,
      source: file,
    })),
  ]
}
