// age(1), against which encrypted files are tested:  bin/node scripts/fetch_age.ts
// Debian's package, unpacked under the cache folder and never installed. Prints the program.
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import path from 'node:path'
import { cachePath } from './cache.ts'
import { MIRROR, privateApt } from './private_apt.ts'

const FOLDER = cachePath('age', 'bookworm')
const PROGRAM = path.join(FOLDER, 'usr/bin/age')

if (import.meta.main) console.log(fetchAge())

/** Find it where it was fetched; undefined where nobody has. */
export function findAge(): string | undefined {
  return existsSync(PROGRAM) ? PROGRAM : undefined
}

/** Download and unpack it unless it is cached; returns the program. */
export function fetchAge(): string {
  if (existsSync(PROGRAM)) return PROGRAM
  const apt = privateApt('bookworm-age', [`${MIRROR} bookworm main`])
  apt.update()
  const fresh = `${FOLDER}.partial`
  rmSync(fresh, { recursive: true, force: true })
  mkdirSync(fresh, { recursive: true })
  for (const deb of apt.download(['age'])) {
    execFileSync('dpkg-deb', ['-x', deb, fresh])
    rmSync(deb)
  }
  renameSync(fresh, FOLDER)
  return PROGRAM
}
