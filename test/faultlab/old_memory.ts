// The memory of a crashed kernel, taken from outside: when the capture kernel says its first words, all that it will find in
// /proc/vmcore lies in the guest's memory, and the headers of that file too. Source: fs/proc/vmcore.c
// parse_crash_elf64_headers(); arch/x86/kernel/crash.c prepare_elf_headers().
import { closeSync, fstatSync, openSync, readSync, writeSync } from 'node:fs'
import {
  elf64_ehdr,
  elf64_phdr,
  EM_X86_64,
  ET_CORE,
  PT_NOTE,
} from '../../src/core/elf/elf_layout.ts'

const BLOCK = 1 << 22
const ZEROS = Buffer.alloc(BLOCK)
const PAGE = 4096
/** As a big endian number. */
const ELF_MAGIC = 0x7f454c46
const ENDIAN = { littleEndian: true }

/**
 * Write /proc/vmcore as the capture kernel would show it. Unlike that, it is sparse, and has a PT_NOTE segment a CPU.
 *
 * @param memory file that is the guest's memory, from physical address 0
 * @throws {Error} if it has no headers, or they name memory that is not there
 */
export function writeOldMemory(memory: string, file: string): void {
  const from = openSync(memory, 'r')
  const to = openSync(file, 'w')
  try {
    const elfcorehdr = findHeaders(from)
    const head = read(from, elfcorehdr, elf64_ehdr.size)
    const { e_phoff, e_phnum } = elf64_ehdr.read(new DataView(head.buffer), 0, ENDIAN)
    const table = read(from, elfcorehdr + e_phoff, e_phnum * elf64_phdr.size)
    const view = new DataView(table.buffer)
    let at = roundUp(e_phoff + table.length)
    for (let entry = 0; entry < table.length; entry += elf64_phdr.size) {
      const segment = elf64_phdr.read(view, entry, ENDIAN)
      // Here an offset is a physical address, of notes too.
      copy(from, segment.p_offset, to, at, segment.p_filesz)
      elf64_phdr.write(view, entry, { ...segment, p_offset: at }, ENDIAN)
      at = roundUp(at + segment.p_filesz)
    }
    writeSync(to, head, 0, head.length, 0)
    writeSync(to, table, 0, table.length, e_phoff)
  } finally {
    closeSync(from)
    closeSync(to)
  }
}

/** On its command line the capture kernel is told where they are; but a console may lose characters. */
function findHeaders(fd: number): number {
  const { size } = fstatSync(fd)
  for (let block = 0; block < size; block += BLOCK) {
    const view = new DataView(read(fd, block, Math.min(BLOCK, size - block)).buffer)
    for (let at = 0; at < view.byteLength; at += PAGE) {
      if (view.getUint32(at) !== ELF_MAGIC) continue
      // Much in memory begins like an ELF file, so field by field.
      const isCore =
        view.getUint16(at + elf64_ehdr.offset.e_type, true) === ET_CORE &&
        view.getUint16(at + elf64_ehdr.offset.e_machine, true) === EM_X86_64 &&
        view.getBigUint64(at + elf64_ehdr.offset.e_phoff, true) === BigInt(elf64_ehdr.size)
      if (isCore && view.getUint32(at + elf64_ehdr.size, true) === PT_NOTE) return block + at
    }
  }
  throw new Error('no headers of /proc/vmcore in memory')
}

function roundUp(offset: number): number {
  return Math.ceil(offset / PAGE) * PAGE
}

function read(fd: number, at: number, size: number): Uint8Array {
  const bytes = new Uint8Array(size)
  if (readSync(fd, bytes, 0, size, at) !== size)
    throw new Error(`no memory at 0x${at.toString(16)} (${size} bytes)`)
  return bytes
}

function copy(from: number, physical: number, to: number, at: number, size: number): void {
  for (let done = 0; done < size; done += BLOCK) {
    const bytes = read(from, physical + done, Math.min(BLOCK, size - done))
    if (!ZEROS.subarray(0, bytes.length).equals(bytes))
      writeSync(to, bytes, 0, bytes.length, at + done)
  }
}
