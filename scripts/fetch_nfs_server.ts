// An NFS server's user space (mountd, exportfs, nfsd, rpcbind of Debian 12) for test/vm:
//   bin/node scripts/fetch_nfs_server.ts [--update]
// Unpacked under the cache folder and never installed, so that nothing starts on this machine. Prints its folder.
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import path from 'node:path'
import { cachePath } from './cache.ts'
import { MIRROR, privateApt } from './private_apt.ts'

const PACKAGES = ['nfs-kernel-server', 'rpcbind']
/** What they need to run; what they need to be installed (Python, Perl, debconf …) stays away. */
const NEEDED =
  /^(?:nfs-|rpcbind$|netbase$|lib(?!python|perl|file|debian|newt|slang|text|pam|number))/
const FOLDER = cachePath('servers', 'nfs')

if (import.meta.main) console.log(fetchNfsServer(process.argv.includes('--update')))

/** Download and unpack unless it is cached; returns the folder. */
export function fetchNfsServer(update = false): string {
  if (existsSync(FOLDER) && !update) return FOLDER
  const apt = privateApt('nfs', [`${MIRROR} bookworm main`])
  apt.update()
  const fresh = `${FOLDER}.partial`
  rmSync(fresh, { recursive: true, force: true })
  mkdirSync(fresh, { recursive: true })
  console.error(
    'fetch_nfs_server: nfs-kernel-server and rpcbind of Debian 12, with their libraries',
  )
  for (const deb of apt.download(apt.closure(PACKAGES).filter((name) => NEEDED.test(name)))) {
    execFileSync('dpkg-deb', ['-x', deb, fresh])
    rmSync(deb)
  }
  rmSync(FOLDER, { recursive: true, force: true })
  mkdirSync(path.dirname(FOLDER), { recursive: true })
  renameSync(fresh, FOLDER)
  return FOLDER
}
