// OpenSSH's server for tests of SSH targets:  bin/node scripts/fetch_sshd.ts
// Debian's package with the libraries it needs, unpacked under the cache folder and never installed: no service starts.
// Prints the folder, whose `root` holds the package; test/support/sshd.ts runs it.
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import path from 'node:path'
import { cachePath } from './cache.ts'
import { MIRROR, privateApt } from './private_apt.ts'

const FOLDER = cachePath('sshd', 'bookworm')

if (import.meta.main) console.log(fetchSshd())

/** Download and unpack the server unless it is cached; returns its folder. */
export function fetchSshd(): string {
  if (existsSync(FOLDER)) return FOLDER
  const apt = privateApt('bookworm-sshd', [`${MIRROR} bookworm main`])
  apt.update()
  const fresh = `${FOLDER}.partial`
  rmSync(fresh, { recursive: true, force: true })
  mkdirSync(path.join(fresh, 'root'), { recursive: true })
  console.error('fetch_sshd: OpenSSH server of Debian bookworm, with its libraries')
  // What configures a system is not needed: the server and what it is linked with.
  const needed = apt
    .closure(['openssh-server'])
    .filter((name) => /^(?:openssh-server$|lib)/.test(name))
  for (const deb of apt.download(needed)) {
    execFileSync('dpkg-deb', ['-x', deb, path.join(fresh, 'root')])
    rmSync(deb)
  }
  renameSync(fresh, FOLDER)
  return FOLDER
}
