// What a program needs to start: its interpreter and, transitively, its shared libraries. As ldd says, without running it.
import { closeSync, existsSync, fstatSync, openSync, readSync, realpathSync } from 'node:fs'
import path from 'node:path'
import { HostError } from '../../core/base/errors.ts'
import { decodeCString } from '../../core/base/text.ts'
import { parseElfFile, type ElfProgramHeader } from '../../core/elf/elf_file.ts'
import { PT_LOAD } from '../../core/elf/elf_layout.ts'
import { readExact, type Source } from '../../core/io/source.ts'

const PT_DYNAMIC = 2
const PT_INTERP = 3
const DT_NULL = 0
const DT_NEEDED = 1
const DT_STRTAB = 5
const DT_STRSZ = 10
const DYNAMIC_COUNT_MAX = 4096

/** Where glibc's loader looks without ld.so.conf, Debian's multiarch folders first. */
const LIBRARY_FOLDERS: readonly string[] = [
  ...[
    '/lib/x86_64-linux-gnu',
    '/usr/lib/x86_64-linux-gnu',
    '/lib/aarch64-linux-gnu',
    '/usr/lib/aarch64-linux-gnu',
  ],
  ...['/lib64', '/usr/lib64', '/lib', '/usr/lib', '/usr/local/lib'],
]

/** A shared library that is needed. */
export interface Library {
  /** The name programs ask for. */
  readonly soname: string
  /** The real file, links resolved. */
  readonly file: string
}

/** Read the path of a program's dynamic loader, undefined when it is static. */
export function readInterpreter(program: string): string | undefined {
  using source = openElf(program)
  const header = parseElfFile(source).programHeaders.find(({ p_type }) => p_type === PT_INTERP)
  if (!header) return undefined
  return decodeCString(readExact(source, header.p_offset, header.p_filesz, 'PT_INTERP'))
}

/**
 * Find all shared libraries that programs and libraries need, and what those need in turn.
 *
 * @throws {HostError} if one is not found
 */
export function findLibraries(files: readonly string[], folders = LIBRARY_FOLDERS): Library[] {
  const found = new Map<string, Library>()
  const queue = [...files]
  for (let file = queue.shift(); file !== undefined; file = queue.shift()) {
    for (const soname of readNeeded(file)) {
      if (found.has(soname)) continue
      const folder = folders.find((candidate) => existsSync(path.join(candidate, soname)))
      if (folder === undefined)
        throw new HostError(
          `${file} needs ${soname}, which is in none of ${folders.join(' ')}`,
          'ENOENT',
        )
      const library = { soname, file: realpathSync(path.join(folder, soname)) }
      found.set(soname, library)
      queue.push(library.file)
    }
  }
  return [...found.values()]
}

function readNeeded(file: string): string[] {
  using source = openElf(file)
  const { programHeaders } = parseElfFile(source)
  const dynamic = programHeaders.find(({ p_type }) => p_type === PT_DYNAMIC)
  if (!dynamic) return []
  const bytes = readExact(source, dynamic.p_offset, dynamic.p_filesz, 'PT_DYNAMIC')
  const view = new DataView(bytes.buffer)
  const names: number[] = []
  let strtab = 0n
  let strsz = 0
  for (let i = 0; i < Math.min(bytes.length >> 4, DYNAMIC_COUNT_MAX); i++) {
    const tag = Number(view.getBigInt64(i * 16, true))
    const value = view.getBigUint64(i * 16 + 8, true)
    if (tag === DT_NULL) break
    if (tag === DT_NEEDED) names.push(Number(value))
    if (tag === DT_STRTAB) strtab = value
    if (tag === DT_STRSZ) strsz = Number(value)
  }
  const strings = readExact(source, fileOffset(programHeaders, strtab), strsz, 'DT_STRTAB')
  return names.map((offset) => decodeCString(strings.subarray(offset)))
}

function fileOffset(headers: readonly ElfProgramHeader[], address: bigint): number {
  for (const { p_type, p_vaddr, p_offset, p_filesz } of headers) {
    if (p_type !== PT_LOAD || address < p_vaddr || address >= p_vaddr + BigInt(p_filesz)) continue
    return p_offset + Number(address - p_vaddr)
  }
  throw new HostError(`no segment holds DT_STRTAB (0x${address.toString(16)})`)
}

function openElf(file: string): Source {
  const fd = openSync(file, 'r')
  return {
    name: file,
    size: fstatSync(fd).size,
    read: (offset, into) => readSync(fd, into, 0, into.length, offset),
    [Symbol.dispose]: () => closeSync(fd),
  }
}
