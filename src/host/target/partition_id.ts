// The PARTUUID of a partition, as blkid(8) and /dev/disk/by-partuuid have it. Source: UEFI 2.10 section 5.3 (GPT),
// and for MBR the kernel's block/partitions/msdos.c.
import { decodeCString } from '../../core/base/text.ts'
import type { ReadAt } from './superblock.ts'

const MBR_SIZE = 512
const MBR_MAGIC = 0xaa55
const DISK_SIGNATURE = 440
const FIRST_TYPE = 450
const PROTECTIVE = 0xee
const GPT_HEADER_SIZE = 92
const GUID_SIZE = 16
/** More entries, or larger ones, has no table. */
const ENTRIES_MAX = 4096
const ENTRY_SIZE_MAX = 4096

/**
 * Read the PARTUUID of a disk's partition; '' where the disk gives it none.
 *
 * @param number of the partition, from 1
 * @param blockSize of the disk's logical blocks
 */
export function readPartuuid(readAt: ReadAt, number: number, blockSize: number): string {
  const mbr = read(readAt, 0, MBR_SIZE)
  if (mbr?.getUint16(510, true) !== MBR_MAGIC) return ''
  if (mbr.getUint8(FIRST_TYPE) === PROTECTIVE) return readGptEntry(readAt, number, blockSize)
  const signature = mbr.getUint32(DISK_SIGNATURE, true)
  if (signature === 0) return ''
  return `${hex(signature, 8)}-${hex(number, 2)}`
}

function readGptEntry(readAt: ReadAt, number: number, blockSize: number): string {
  const header = read(readAt, blockSize, GPT_HEADER_SIZE)
  if (!header || decodeCString(new Uint8Array(header.buffer, 0, 8)) !== 'EFI PART') return ''
  const first = Number(header.getBigUint64(72, true)) * blockSize
  const count = header.getUint32(80, true)
  const size = header.getUint32(84, true)
  if (number < 1 || number > Math.min(count, ENTRIES_MAX) || size > ENTRY_SIZE_MAX) return ''
  const guid = read(readAt, first + (number - 1) * size + GUID_SIZE, GUID_SIZE)
  return guid ? formatGuid(guid) : ''
}

/** The first three fields are little-endian. */
function formatGuid(guid: DataView): string {
  const tail = Buffer.from(guid.buffer, 8, 8).toString('hex')
  const head = [hex(guid.getUint32(0, true), 8), hex(guid.getUint16(4, true), 4)]
  return [...head, hex(guid.getUint16(6, true), 4), tail.slice(0, 4), tail.slice(4)].join('-')
}

function read(readAt: ReadAt, offset: number, size: number): DataView | undefined {
  if (!Number.isSafeInteger(offset)) return undefined
  const bytes = new Uint8Array(size)
  return readAt(offset, bytes) === size ? new DataView(bytes.buffer) : undefined
}

const hex = (value: number, digits: number): string => value.toString(16).padStart(digits, '0')
