// A unified kernel image is a PE file that holds a kernel and its initramfs as sections; kexec wants the kernel alone.
// Source: the UAPI group's Unified Kernel Image specification.
import { closeSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync, writeSync } from 'node:fs'
import path from 'node:path'
import { FormatError } from '../../../../core/base/errors.ts'
import { readExact } from '../../../../core/io/source.ts'
import { openFileSource } from '../../../platform/file_source.ts'
import { parsePe } from './pe_file.ts'

/** Copied so much at a time: a kernel need not be in memory as a whole. */
const PIECE_SIZE = 1 << 20

/**
 * Write one section of a unified kernel image to a file, which appears only when it is whole.
 *
 * @param section `.linux` or `.initrd`
 * @throws {FormatError} if the file has no such section
 */
export function extractSection(uki: string, section: '.linux' | '.initrd', to: string): void {
  using source = openFileSource(uki)
  const found = parsePe(source)?.sections.find(({ name }) => name === section)
  if (!found) throw new FormatError(uki, 0, `no unified kernel image: it has no section ${section}`)
  mkdirSync(path.dirname(to), { recursive: true })
  const unfinished = `${to}.tmp`
  try {
    const fd = openSync(unfinished, 'w', 0o600)
    try {
      for (let done = 0; done < found.sizeBytes; done += PIECE_SIZE) {
        const size = Math.min(PIECE_SIZE, found.sizeBytes - done)
        writeSync(fd, readExact(source, found.offset + done, size, `section ${section}`))
      }
      fsyncSync(fd)
    } finally {
      closeSync(fd)
    }
    renameSync(unfinished, to)
  } catch (error) {
    rmSync(unfinished, { force: true })
    throw error
  }
}
