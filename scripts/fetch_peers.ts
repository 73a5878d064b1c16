// The newest crash, drgn and makedumpfile, for benchmarks and comparisons:  bin/node scripts/fetch_peers.ts [--update]
// Debian sid's packages with every library they need, unpacked under the cache folder and never installed; each tool
// runs through sid's own loader, so an older system carries it. Prints the folder of the wrappers.
import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  globSync,
  mkdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import path from 'node:path'
import { cachePath } from './cache.ts'
import { MIRROR, privateApt } from './private_apt.ts'

const PEERS = ['crash', 'makedumpfile', 'python3-drgn']
const FOLDER = cachePath('peers', 'sid')

if (import.meta.main) {
  fetchPeers(process.argv.includes('--update'))
  console.log(FOLDER)
}

/** Download and unpack the peers unless they are cached. */
export function fetchPeers(update: boolean): void {
  if (existsSync(path.join(FOLDER, 'drgn')) && !update) return
  const apt = privateApt('sid', [`${MIRROR} sid main`])
  apt.update()
  const fresh = `${FOLDER}.partial`
  rmSync(fresh, { recursive: true, force: true })
  mkdirSync(path.join(fresh, 'root'), { recursive: true })
  console.error('fetch_peers: crash, makedumpfile and drgn of Debian sid, with their libraries')
  for (const deb of apt.download(apt.closure(PEERS))) {
    execFileSync('dpkg-deb', ['-x', deb, path.join(fresh, 'root')])
    rmSync(deb)
  }
  rmSync(FOLDER, { recursive: true, force: true })
  mkdirSync(path.dirname(FOLDER), { recursive: true })
  renameSync(fresh, FOLDER)
  writeWrappers(path.join(FOLDER, 'root'))
}

function writeWrappers(root: string): void {
  const [loader = ''] = globSync(`${root}/usr/lib/*/ld-linux-x86-64.so.2`)
  const [python = ''] = globSync(`${root}/usr/bin/python3.[0-9]*`).filter(
    (file) => !file.includes('-'),
  )
  const run = `exec '${loader}' --library-path '${path.dirname(loader)}'`
  const drgn = `-c 'import sys; sys.argv[0] = "drgn"; from drgn.cli import _main; _main()'`
  const pythonHome = `export PYTHONHOME='${root}/usr' PYTHONPATH='${root}/usr/lib/python3/dist-packages' DEBUGINFOD_URLS= PYTHONDONTWRITEBYTECODE=1`
  writeWrapper('crash', `${run} '${root}/usr/bin/crash' "$@"`)
  writeWrapper(
    'makedumpfile',
    `${run} '${globSync(`${root}/usr/{s,}bin/makedumpfile`)[0] ?? ''}' "$@"`,
  )
  writeWrapper('drgn', `${pythonHome}\n${run} '${python}' ${drgn} "$@"`)
}

function writeWrapper(name: string, command: string): void {
  const file = path.join(FOLDER, name)
  writeFileSync(file, `#!/bin/sh\n${command}\n`)
  chmodSync(file, 0o755)
}
