// What a program needs in the capture image: itself, the interpreter of its first line, its loader and its libraries.
import { accessSync, closeSync, constants, openSync, readSync, realpathSync } from 'node:fs'
import path from 'node:path'
import { findLibraries, readInterpreter } from '../platform/elf_needed.ts'
import type { ImageFile } from './initramfs/build_image.ts'
import { APPLETS } from './initramfs/init_script.ts'

/** The kernel reads no more of a first line. */
const SHEBANG_SIZE = 256
/** A script may be run by a script. */
const DEPTH_MAX = 4
const FOLDERS = ['/usr/sbin', '/usr/bin', '/sbin', '/bin', '/usr/local/sbin', '/usr/local/bin']

/** Is there an executable file of that name? */
export function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** List the files that programs need in the image, each once, themselves first. @throws {HostError} for a library not found */
export function programFiles(programs: readonly string[]): ImageFile[] {
  const files = new Map<string, ImageFile>()
  const add = (at: string, mode: number): void => {
    const place = imagePath(at)
    if (!files.has(place)) files.set(place, { path: place, source: realpathSync(at), mode })
  }
  const addProgram = (program: string, depth: number): void => {
    add(program, 0o755)
    const line = readShebang(program)
    if (line !== undefined) {
      for (const word of interpretersOf(line)) {
        // The image's own shell will do where its path is asked for.
        if (depth < DEPTH_MAX && isExecutable(word) && !isApplet(word)) addProgram(word, depth + 1)
      }
      return
    }
    if (!isElf(program)) return
    const loader = readInterpreter(program)
    if (loader !== undefined) add(loader, 0o755)
    for (const { soname, file } of findLibraries([program])) {
      // By the name that is asked for, where the loader looks by itself.
      const place = imagePath(path.join(path.dirname(file), soname))
      if (!files.has(place)) files.set(place, { path: place, source: file, mode: 0o644 })
    }
  }
  for (const program of programs) addProgram(program, 0)
  return [...files.values()]
}

/** Where a file of this machine lies in the image; a program does not take the place of one that /init needs. */
export function imagePath(file: string): string {
  return isApplet(file) ? `usr/bin/${path.basename(file)}` : file.replace(/^\/+/, '')
}

function isApplet(file: string): boolean {
  return path.dirname(file) === '/bin' && APPLETS.includes(path.basename(file))
}

function readShebang(file: string): string | undefined {
  const start = readStart(file).toString('latin1')
  return start.startsWith('#!') ? start.slice(2).split('\n')[0]?.trim() : undefined
}

function isElf(file: string): boolean {
  return readStart(file).subarray(0, 4).toString('latin1') === '\x7fELF'
}

/** `/usr/bin/env -S python3 -u` needs env and python3. */
function interpretersOf(line: string): string[] {
  const [interpreter = '', ...args] = line.split(/\s+/)
  if (path.basename(interpreter) !== 'env') return [interpreter]
  const name = args.find((word) => !word.startsWith('-') && !word.includes('='))
  const found = name && FOLDERS.map((folder) => path.join(folder, name)).find(isExecutable)
  return found ? [interpreter, found] : [interpreter]
}

function readStart(file: string): Buffer {
  const fd = openSync(file, 'r')
  try {
    const start = Buffer.alloc(SHEBANG_SIZE)
    return start.subarray(0, readSync(fd, start, 0, start.length, 0))
  } finally {
    closeSync(fd)
  }
}
