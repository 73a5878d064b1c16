// The memory of a crashed kernel, taken from outside: when the capture kernel says its first words, all that it will find in
// /proc/vmcore lies in the guest's memory, and the headers of that file too. Source: fs/proc/vmcore.c
// parse_crash_elf64_headers(); arch/x86/kernel/crash.c prepare_elf_headers().
import { closeSync, openSync, readSync, writeSync } from 'node:fs'
import { elf64_ehdr, elf64_phdr } from '../../src/core/elf/elf_layout.ts'

const BLOCK = 1 << 22
const PAGE = 4096
const ENDIAN = { littleEndian: true }

/**
 * Write /proc/vmcore as the capture kernel would show it. Unlike that, it is sparse, and has a PT_NOTE segment a CPU.
 *
 * @param memory file that is the guest's memory, from physical address 0
 * @param elfcorehdr physical address of the headers
 * @throws {Error} if they name memory that is not there
 */
export function writeOldMemory(memory: string, elfcorehdr: number, file: string): void {
  const from = openSync(memory, 'r')
  const to = openSync(file, 'w')
  try {
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
    if (!bytes.every((byte) => byte === 0)) writeSync(to, bytes, 0, bytes.length, at + done)
  }
}
