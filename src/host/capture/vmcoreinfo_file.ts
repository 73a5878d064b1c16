// VMCOREINFO as a text file (-g writes one, -i takes one), and whether a vmlinux (-x) is the dumped kernel's.
// Source: makedumpfile(8); makedumpfile.c read_vmcoreinfo(), generate_vmcoreinfo().
import { FormatError } from '../../core/base/errors.ts'
import { VmcoreInfo } from '../../core/debuginfo/vmcoreinfo.ts'
import type { Dump } from '../../core/dump/dump_format.ts'
import { parseElfFile } from '../../core/elf/elf_file.ts'
import { PT_LOAD, PT_NOTE } from '../../core/elf/elf_layout.ts'
import { readNotes } from '../../core/elf/read_notes.ts'
import type { Source } from '../../core/io/source.ts'

/** A text of VMCOREINFO is a few pages. */
export const VMCOREINFO_FILE_SIZE_MAX = 1024 * 1024
/** The kernel's half of addresses begins here or above on all 64-bit machines; what lies below is no symbol's. */
const IMAGE_START = 0xffff_8000_0000_0000n
const NT_GNU_BUILD_ID = 3
const BANNER = 'Linux version '
const SCAN_BYTES = 1024 * 1024
/** Longest release: __NEW_UTS_LEN. */
const RELEASE_SIZE_MAX = 64

/**
 * The VMCOREINFO of a dump, of /proc/kcore or of /proc/vmcore as text for a file: -g. Unlike makedumpfile's, which has
 * the addresses of a vmlinux, it has those of that boot, and says so by its KERNELOFFSET.
 *
 * @throws {FormatError} if the dump has none
 */
export function formatVmcoreinfoFile(dump: Dump): Uint8Array {
  const { vmcoreinfo } = dump
  if (!vmcoreinfo) throw new FormatError(dump.file, 0, 'no VMCOREINFO note to write')
  const end = vmcoreinfo.indexOf(0)
  return end < 0 ? vmcoreinfo : vmcoreinfo.subarray(0, end)
}

/** What -i makes of a dump. */
export interface AppliedVmcoreinfo {
  /** Lines of the file before those of the dump; for Dump's `vmcoreinfo`. */
  readonly vmcoreinfo: Uint8Array
  /** Why file and dump are of two kernels; '' if they are of one. makedumpfile ends with exit code 2 then. */
  readonly mismatch: string
}

/**
 * Read a text file of VMCOREINFO for a dump. Its lines come before the dump's own, which stay for what the file does
 * not have (phys_base, CRASHTIME). Addresses of a vmlinux, as makedumpfile -g writes them, are moved by the dump's
 * KERNELOFFSET; those of a file that has a KERNELOFFSET itself are of that boot already.
 *
 * @param text content of the file
 * @throws {FormatError} if the file has no OSRELEASE or PAGESIZE, or is more than 1 MiB
 */
export function applyVmcoreinfoFile(
  dump: Pick<Dump, 'vmcoreinfo'>,
  text: Uint8Array,
  file: string,
): AppliedVmcoreinfo {
  if (text.length > VMCOREINFO_FILE_SIZE_MAX) {
    throw new FormatError(file, 0, `${text.length} bytes are no text of VMCOREINFO`)
  }
  const given = VmcoreInfo.parse(text)
  for (const key of ['OSRELEASE', 'PAGESIZE']) {
    if (given.string(key) !== undefined) continue
    throw new FormatError(file, 0, `no ${key}= line: write the file with makedumpfile -g`)
  }
  const own = dump.vmcoreinfo ? VmcoreInfo.parse(dump.vmcoreinfo) : undefined
  const entries = new Map(given.entries)
  const isLinkTime = given.string('KERNELOFFSET') === undefined
  const slide = isLinkTime && own ? own.kaslrOffset : 0n
  for (const [key, value] of given.entries) {
    if (slide !== 0n && key.startsWith('SYMBOL(')) entries.set(key, slideAddress(value, slide))
  }
  for (const [key, value] of own?.entries ?? []) if (!entries.has(key)) entries.set(key, value)
  const lines = Array.from(entries, ([key, value]) => `${key}=${value}\n`).join('')
  return {
    vmcoreinfo: Uint8Array.from(lines, (char) => char.charCodeAt(0)),
    mismatch: own ? compare(own, given.osrelease, given.string('BUILD-ID'), file) : '',
  }
}

/**
 * Why a vmlinux is not the dumped kernel's; '' if it is, or if the dump does not say which kernel it is of. Build ids
 * are compared where the dump has one (since 5.14), releases where not.
 *
 * @throws {FormatError} if the vmlinux is no ELF file, or damaged
 */
export function findVmlinuxMismatch(dump: Pick<Dump, 'vmcoreinfo'>, vmlinux: Source): string {
  const { littleEndian, programHeaders } = parseElfFile(vmlinux)
  if (!dump.vmcoreinfo) return ''
  const own = VmcoreInfo.parse(dump.vmcoreinfo)
  const ranges = programHeaders
    .filter(({ p_type }) => p_type === PT_NOTE)
    .map(({ p_offset, p_filesz }) => ({ offset: p_offset, size: p_filesz }))
  const note = readNotes(vmlinux, ranges, littleEndian).find(
    ({ name, type }) => name === 'GNU' && type === NT_GNU_BUILD_ID,
  )
  if (own.string('BUILD-ID') !== undefined && note) {
    return compare(own, '', hex(note.desc), vmlinux.name)
  }
  for (const { p_type, p_offset, p_filesz } of programHeaders) {
    const release = p_type === PT_LOAD ? findRelease(vmlinux, p_offset, p_filesz) : undefined
    if (release !== undefined) return compare(own, release, undefined, vmlinux.name)
  }
  return `${vmlinux.name} names no kernel release: it is no vmlinux`
}

function compare(
  own: VmcoreInfo,
  release: string,
  buildId: string | undefined,
  file: string,
): string {
  const ownId = own.string('BUILD-ID')
  if (release !== '' && own.osrelease !== '' && release !== own.osrelease) {
    return `${file} is of kernel ${release}, the dump of ${own.osrelease}`
  }
  if (ownId !== undefined && buildId !== undefined && ownId !== buildId) {
    return `${file} has build id ${buildId}, the dump ${ownId} (kernel ${own.osrelease})`
  }
  return ''
}

/** Hex without 0x, as the kernel writes symbols; what is no address of the image is left alone. */
function slideAddress(value: string, slide: bigint): string {
  if (!/^[0-9a-f]{1,16}$/i.test(value)) return value
  const address = BigInt(`0x${value}`)
  return address < IMAGE_START ? value : BigInt.asUintN(64, address + slide).toString(16)
}

/** The release in `linux_banner`, read in pieces that overlap by what is looked for. */
function findRelease(source: Source, start: number, size: number): string | undefined {
  const overlap = BANNER.length + RELEASE_SIZE_MAX + 1
  const bytes = Buffer.alloc(SCAN_BYTES + overlap)
  const end = Math.min(start + size, source.size)
  for (let at = start; at < end; at += SCAN_BYTES) {
    const wanted = bytes.subarray(0, Math.min(bytes.length, end - at))
    const text = wanted.subarray(0, source.read(at, wanted))
    for (let found = text.indexOf(BANNER); found >= 0; found = text.indexOf(BANNER, found + 1)) {
      const release = /^\d[\w.+~-]*(?= )/.exec(
        text.toString('latin1', found + BANNER.length, found + overlap),
      )?.[0]
      if (release !== undefined) return release
    }
  }
  return undefined
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}
