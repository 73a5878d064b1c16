// The user's cache folder, where every download lies, and the kernels in it. bin/node and setup.sh know the same path.
import { existsSync, readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import path from 'node:path'

/** A Debian kernel unpacked in the cache by scripts/fetch_kernel.ts. Paths are absolute. */
export interface CachedKernel {
  /** `uname -r`, such as '6.1.0-56-cloud-amd64'. */
  readonly release: string
  /** Debian's version of the package, such as '6.1.192-2'. */
  readonly version: string
  readonly vmlinuz: string
  /** Holds `lib/modules/<release>` with its modules.dep: what `depmod -b` calls the base folder. */
  readonly baseDir: string
  /** The vmlinux with DWARF, for other people's tools; it exists only after `--dbg`. */
  readonly vmlinux: string
  /** What `make -C` builds a module with; it exists only after `--headers`. */
  readonly headers: string
}

/** Name a path in kbox's cache folder. */
export function cachePath(...parts: string[]): string {
  return path.join(process.env.XDG_CACHE_HOME ?? path.join(homedir(), '.cache'), 'kbox', ...parts)
}

/** Find the kernel of a series ('6.1', '6.12', 'sid') in the cache; undefined if it was not fetched. */
export function findCachedKernel(series: string): CachedKernel | undefined {
  const baseDir = cachePath('kernels', series)
  // Written last, so its presence says that the folder is complete.
  const note = path.join(baseDir, 'kernel.json')
  if (!existsSync(note)) return undefined
  const { release, version }: { release: string; version: string } = JSON.parse(
    readFileSync(note, 'utf8'),
  )
  return {
    release,
    version,
    vmlinuz: path.join(baseDir, `boot/vmlinuz-${release}`),
    baseDir,
    vmlinux: path.join(baseDir, `vmlinux-${release}`),
    headers: path.join(baseDir, `headers/usr/src/linux-headers-${release}`),
  }
}
