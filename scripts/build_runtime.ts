// The runtime image: dist/runtime.squashfs holds Node (stripped), its shared libraries, koffi and the bundle.
// `kbox start` puts it into the capture initramfs as it is; a machine without Node can run kbox from it too.
import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { findLibraries, readInterpreter } from '../src/host/platform/elf_needed.ts'
import { listPackages } from '../src/host/control/install/payload.ts'
import { BUNDLE, buildBundle, isStale } from './build.ts'
import { trimIcu } from './trim_icu.ts'

const OUTPUT = 'dist/runtime.squashfs'
const KOFFI_NATIVE = `node_modules/@koromix/koffi-linux-${process.arch}`

/** Runs kbox from the mounted image on any machine, with the image's own Node. /lib64 must lead to a glibc. */
const LAUNCHER = `#!/bin/sh
here=\${0%/*}/..
[ -e ${'/lib64/ld-linux-x86-64.so.2'} ] || ln -s "$here/lib" /lib64
LD_LIBRARY_PATH="$here/lib" exec "$here/bin/node" "$here/kbox/kbox.mjs" "$@"
`

/**
 * Pack a bundle and what it needs to run into a squashfs.
 *
 * @param level of zstd: 9 takes 3 s and makes 31 MB; 19, for packages, takes 45 s and makes 28 MB
 */
export function buildRuntime(bundle: string, output: string, level = 9): void {
  const root = mkdtempSync(path.join(os.tmpdir(), 'kbox-runtime-'))
  try {
    fillRoot(root, bundle)
    const fresh = `${output}.${process.pid}`
    run('mksquashfs', [
      root,
      fresh,
      '-comp',
      'zstd',
      '-Xcompression-level',
      String(level),
      ...SQUASHFS_OPTIONS,
    ])
    renameSync(fresh, output)
  } finally {
    rmSync(root, { recursive: true })
  }
}

/** Same input, same bytes: no times, no owners, no extended attributes. */
const SQUASHFS_OPTIONS =
  '-noappend -no-xattrs -all-root -no-progress -quiet -mkfs-time 0 -all-time 0'.split(' ')

function fillRoot(root: string, bundle: string): void {
  const node = path.join(root, 'bin/node')
  for (const folder of ['bin', 'lib', 'kbox/node_modules/@koromix'])
    mkdirSync(path.join(root, folder), { recursive: true })
  const native = path.join(KOFFI_NATIVE, `linux_${process.arch}`, 'koffi.node')
  for (const { soname, file } of findLibraries([process.execPath, native])) {
    copyFileSync(file, path.join(root, 'lib', soname))
  }
  const interpreter = readInterpreter(process.execPath)
  if (interpreter !== undefined)
    copyFileSync(interpreter, path.join(root, 'lib', path.basename(interpreter)))
  placeNode(node)
  cpSync(bundle, path.join(root, 'kbox'), { recursive: true })
  copyPackages(path.join(root, 'kbox/node_modules'))
  writeFileSync(path.join(root, 'bin/kbox'), LAUNCHER, { mode: 0o755 })
}

function copyPackages(modules: string): void {
  for (const { name, files } of listPackages('node_modules')) {
    // Nobody disassembles in a capture kernel.
    if (name === 'iced-x86') continue
    for (const file of files)
      cpSync(path.join('node_modules', name, file), path.join(modules, name, file))
  }
}

/** What the recorder needs of ICU and V8; a Node cut too deep fails here and not after a crash. */
const SMOKE_TEST = `
  process.env.TZ = 'Asia/Kolkata'
  const ok = new Date(0).getHours() === 5 && Intl.DateTimeFormat().resolvedOptions().timeZone !== ''
    && new TextDecoder('latin1').decode(new Uint8Array([0xe9, 0x80])).length === 2
    && 'e\\u0301'.normalize().length === 1 && /\\p{Lu}/u.test('Ä') && 'a'.localeCompare('b') < 0
    && (1234.5).toLocaleString() === '1,234.5'
  process.exit(ok ? 0 : 1)`

/** Stripped, Node is 18 MB smaller (its exported functions stay); without foreign locales, 11 MB less are left in the image. */
function placeNode(file: string): void {
  copyFileSync(process.execPath, file)
  chmodSync(file, 0o755)
  if (spawnSync('strip', [file], { stdio: 'ignore' }).status !== 0) {
    console.error('build_runtime: Node is not stripped: install binutils')
  }
  const whole = readFileSync(file)
  const trimmed = Buffer.from(whole)
  if (trimIcu(trimmed) === 0) return
  writeFileSync(file, trimmed)
  if (spawnSync(file, ['-e', SMOKE_TEST], { stdio: 'ignore' }).status === 0) return
  console.error('build_runtime: this Node does not work without its locales: they stay')
  writeFileSync(file, whole)
}

function run(command: string, args: readonly string[]): void {
  const { error, status } = spawnSync(command, args, { stdio: ['ignore', 'ignore', 'inherit'] })
  if (error) throw new Error(`${command} does not run: install squashfs-tools`, { cause: error })
  if (status !== 0) throw new Error(`${command} failed (exit ${status})`)
}

if (import.meta.main) {
  if (isStale()) await buildBundle()
  const isFresh =
    existsSync(OUTPUT) && statSync(OUTPUT).mtimeMs > statSync(path.join(BUNDLE, 'kbox.mjs')).mtimeMs
  const level = process.argv.includes('--small') ? 19 : 9
  if (!(process.argv.includes('--if-stale') && isFresh)) buildRuntime(BUNDLE, OUTPUT, level)
  console.error(`build_runtime: ${OUTPUT} ${(statSync(OUTPUT).size / 2 ** 20).toFixed(1)} MiB`)
}
