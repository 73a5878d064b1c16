// kbox's cache folder, for what a machine need find out only once. scripts/cache.ts and bin/node know the same path.
import { homedir } from 'node:os'
import path from 'node:path'

/** Name a path in the cache folder. */
export function cacheFile(...parts: readonly string[]): string {
  return path.join(
    process.env['XDG_CACHE_HOME'] ?? path.join(homedir(), '.cache'),
    'kbox',
    ...parts,
  )
}
