// What `kbox install` installs from: a checkout, or an unpacked kbox-VERSION-linux-ARCH.tar.xz, which is laid out as a
// checkout without its sources.
import { accessSync, constants, existsSync, globSync, statSync } from 'node:fs'
import path from 'node:path'
import { attempt, HostError } from '../../../core/base/errors.ts'
import { readInterpreter } from '../../platform/elf_needed.ts'

/** Files to install from; all paths are absolute. */
export interface Payload {
  readonly root: string
  /** Folder of kbox.mjs and its chunks. */
  readonly bundle: string
  readonly runtime: string
  readonly busybox: string
  /** A Node that can be copied. */
  readonly node: string
}

/** Files of an npm package that are needed to run it. */
export interface PackageFiles {
  /** Such as `koffi`, below node_modules. */
  readonly name: string
  /** Relative to the package's folder. */
  readonly files: readonly string[]
}

const MAIN = 'dist/bundle/kbox.mjs'
const RUNTIME = 'dist/runtime.squashfs'

/**
 * Find the payload this program runs from.
 *
 * @param from a folder at or below its root
 * @throws {HostError} saying what to build, if something is missing or older than the sources
 */
export function findPayload(from = import.meta.dirname): Payload {
  const root = findRoot(from)
  const main = path.join(root, MAIN)
  const runtime = path.join(root, RUNTIME)
  for (const [file, script] of [
    [main, 'scripts/build.ts'],
    [runtime, 'scripts/build_runtime.ts'],
  ] as const) {
    if (!existsSync(file))
      throw new HostError(`${file} is missing: build it with bin/node ${script}`, 'ENOENT')
  }
  refuseStale(root, main, runtime)
  return {
    root,
    bundle: path.dirname(main),
    runtime,
    busybox: findBusybox(root),
    node: findNode(root),
  }
}

/** A checkout and a tarball both have packaging/systemd; an installed kbox has not. */
function findRoot(from: string): string {
  for (let folder = from; ; folder = path.dirname(folder)) {
    if (existsSync(path.join(folder, 'packaging/systemd/kdump.service'))) return folder
    if (folder === path.dirname(folder)) break
  }
  throw new HostError(
    `no packaging/systemd above ${from}: run bin/kbox install in a checkout or an unpacked tarball`,
    'ENOENT',
  )
}

function refuseStale(root: string, main: string, runtime: string): void {
  const built = statSync(main).mtimeMs
  const newer = globSync('src/**/*.ts', { cwd: root }).find(
    (file) => !file.endsWith('.test.ts') && statSync(path.join(root, file)).mtimeMs > built,
  )
  if (newer !== undefined)
    throw new HostError(`${main} is older than ${newer}: build it with bin/node scripts/build.ts`)
  if (statSync(runtime).mtimeMs < built)
    throw new HostError(
      `${runtime} is older than the bundle: build it with bin/node scripts/build_runtime.ts`,
    )
}

/** Only a static one runs in an initramfs that has no libc for it. */
function findBusybox(root: string): string {
  const folders = (process.env['PATH'] ?? '').split(':').filter(Boolean)
  const candidates = [
    path.join(root, 'dist/busybox'),
    ...[...folders, '/bin', '/usr/bin', '/sbin', '/usr/sbin'].map((folder) =>
      path.join(folder, 'busybox'),
    ),
  ]
  const isStatic = (file: string): boolean =>
    attempt(() => readInterpreter(file) === undefined) ?? false
  const found = candidates.find((file) => isExecutable(file) && isStatic(file))
  if (found !== undefined) return found
  throw new HostError("no static busybox on PATH: install busybox-static (Debian's name)", 'ENOENT')
}

/** The one a tarball brings, else the one that runs this. */
function findNode(root: string): string {
  const own = path.join(root, 'dist/node')
  return isExecutable(own) ? own : process.execPath
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return statSync(file).isFile()
  } catch {
    return false
  }
}

/** Files of koffi: its JavaScript; beside it lies C++ source that nothing runs. */
const KOFFI_SCRIPTS = [
  'package.json',
  'LICENSE.txt',
  'index.{js,cjs}',
  'src/koffi/*.{js,cjs}',
  'src/koffi/src/*.{js,cjs}',
]

/**
 * List the npm packages that stay outside the bundle, and what of them is needed.
 *
 * @param modules folder node_modules
 * @param arch Node's name of the architecture
 */
export function listPackages(modules: string, arch: string = process.arch): PackageFiles[] {
  const native = `@koromix/koffi-linux-${arch}`
  const within = (name: string, patterns: readonly string[]): PackageFiles => ({
    name,
    files: globSync([...patterns], { cwd: path.join(modules, name) }).sort(),
  })
  return [
    within('koffi', KOFFI_SCRIPTS),
    within(native, ['package.json', 'index.js', `linux_${arch}/koffi.node`]),
    within('iced-x86', ['package.json', 'LICENSE.txt', '*.{js,cjs,mjs,wasm}']),
  ]
}
