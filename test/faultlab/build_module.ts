// Builds user/, and module/ against the headers of a cached kernel, once for each content of it.
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { cpSync, existsSync, globSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import path from 'node:path'
import { cachePath, type CachedKernel } from '../../scripts/cache.ts'

const SOURCE = path.join(import.meta.dirname, 'module')
/** Programs of the guest. */
const USER_SOURCE = path.join(import.meta.dirname, 'user')

/** The module's drivers for one kernel. */
export interface BuiltModule {
  /** Of the sources and of the kernel they are built for. */
  readonly hash: string
  /** The .ko files and the programs, by path. */
  readonly files: readonly string[]
}

/** Build the drivers unless that was done before. @throws {Error} with what make said */
export function buildModule(kernel: CachedKernel): BuiltModule {
  if (!existsSync(kernel.headers))
    throw new Error(`no headers of ${kernel.release}: bin/node scripts/fetch_kernel.ts --headers`)
  // This file says how they are built.
  const sources = [...globSync([`${SOURCE}/*`, `${USER_SOURCE}/*`]).sort(), import.meta.filename]
  const hash = createHash('sha256').update(`${kernel.release} ${kernel.version}`)
  for (const file of sources) hash.update(path.basename(file)).update(readFileSync(file))
  const key = hash.digest('hex').slice(0, 16)
  const folder = cachePath('faultlab', 'modules', key)
  if (!existsSync(folder)) {
    const fresh = `${folder}.partial.${process.pid}`
    rmSync(fresh, { recursive: true, force: true })
    mkdirSync(fresh, { recursive: true })
    cpSync(SOURCE, fresh, { recursive: true })
    make(kernel, fresh)
    renameSync(fresh, folder)
  }
  return { hash: key, files: globSync([`${folder}/*.ko`, `${folder}/bin/*`]).sort() }
}

function make(kernel: CachedKernel, folder: string): void {
  // Debian asks for the very compiler of the kernel, and for a tool that has nothing to do without BTF ids in the module.
  const variables = ['CC=gcc', 'RESOLVE_BTFIDS=true']
  // What BUG() says of where it is, as of a driver of the kernel's.
  const flags = `KCFLAGS=-fmacro-prefix-map=${folder}/=drivers/misc/`
  execFileSync(
    'make',
    ['-s', '-j2', '-C', kernel.headers, `M=${folder}`, ...variables, flags, 'modules'],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  )
  // What the linker made of the debug information is in .BTF.
  for (const file of globSync(`${folder}/*.ko`)) execFileSync('strip', ['--strip-debug', file])
  mkdirSync(path.join(folder, 'bin'))
  for (const file of globSync(`${USER_SOURCE}/*.c`)) {
    const program = path.join(folder, 'bin', path.basename(file, '.c'))
    execFileSync('gcc', ['-O1', '-static', '-nostdlib', '-o', program, file])
  }
}
