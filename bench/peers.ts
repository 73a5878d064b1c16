// Other people's tools, as installed and as Debian sid has them.
import { existsSync } from 'node:fs'
import { cachePath } from '../scripts/cache.ts'

/** Another tool that does kbox's job. */
export interface Peer {
  readonly name: string
  readonly command: string
}

/** A tool in every version at hand: the system's, and sid's where scripts/fetch_peers.ts has been run. */
export function peers(tool: 'crash' | 'makedumpfile' | 'drgn'): Peer[] {
  const newest = cachePath('peers', 'sid', tool)
  const installed = [`/usr/bin/${tool}`, `/usr/sbin/${tool}`].find((file) => existsSync(file))
  return [
    ...(installed ? [{ name: `${tool} (installed)`, command: installed }] : []),
    ...(existsSync(newest) ? [{ name: `${tool} (sid)`, command: newest }] : []),
  ]
}
