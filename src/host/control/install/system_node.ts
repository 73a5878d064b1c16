// Whether a machine has a Node that can run kbox, so that none need be brought.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import path from 'node:path'

/** Node's first major version that runs kbox. */
const NODE_MAJOR_MIN = 24
const TIMEOUT_MS = 20_000
/** PATH of a service: what is below somebody's home will not do. */
const FOLDERS = ['/usr/local/bin', '/usr/bin', '/bin']

/**
 * Find a Node that a service can rely on.
 *
 * @returns undefined if there is none; always so in a root that is not running, where nothing can be tried
 */
export function findSystemNode(root: string): string | undefined {
  if (path.resolve(root) !== '/') return undefined
  return FOLDERS.map((folder) => path.join(folder, 'node')).find(
    (file) => existsSync(file) && isNewEnough(file),
  )
}

function isNewEnough(file: string): boolean {
  const { status, stdout } = spawnSync(file, ['-p', 'process.versions.node'], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
    timeout: TIMEOUT_MS,
  })
  return status === 0 && Number(stdout.split('.')[0]) >= NODE_MAJOR_MIN
}
