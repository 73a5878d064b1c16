// What lies where on a raw target: a flattened dump at the start, and 4 MiB at the end for what a folder would hold beside
// it. Described in docs/formats/raw_target.md.
import { FormatError } from '../../core/base/errors.ts'
import { decodeCString } from '../../core/base/text.ts'
import { Members } from '../platform/members.ts'

/** Room at the end of the device that the dump does not take. */
export const RAW_AREA_SIZE = 4 << 20
/** Of the area's index, and what its parts are multiples of. */
export const RAW_BLOCK_SIZE = 4096
/** The first line of the index. */
const MARK = 'kbox raw 1'
const FILES_MAX = 16

/** A file in the area, packed as packText() does. */
export interface RawFile {
  readonly name: string
  /** From the start of the device. */
  readonly offsetBytes: number
  readonly sizeBytes: number
  /** Unpacked. */
  readonly textBytes: number
}

/** The area's first block. */
export interface RawIndex {
  /** What the folder of this crash would be called. */
  readonly directory: string
  /** `vmcore.flat`, `vmcore.flat-incomplete`; '' before a dump was begun. */
  readonly dumpName: string
  readonly dumpBytes: number
  readonly files: readonly RawFile[]
}

/** Where the area begins on a device, which is where the dump must end. */
export function rawAreaOffset(deviceBytes: number): number {
  return Math.floor((deviceBytes - RAW_AREA_SIZE) / RAW_BLOCK_SIZE) * RAW_BLOCK_SIZE
}

/** Make the index block. */
export function encodeRawIndex(index: RawIndex): Uint8Array {
  const text = Buffer.from(`${MARK}\n${JSON.stringify(index)}\n`)
  const block = new Uint8Array(RAW_BLOCK_SIZE)
  block.set(text)
  return block
}

/** Read the index block; undefined where none was ever written. @throws {FormatError} if it is damaged */
export function parseRawIndex(
  name: string,
  block: Uint8Array,
  deviceBytes: number,
): RawIndex | undefined {
  const text = decodeCString(block)
  if (!text.startsWith(`${MARK}\n`)) return undefined
  const area = rawAreaOffset(deviceBytes)
  const read = Members.parse(name, text.slice(MARK.length + 1))
  const files = read.objects('files').map((file) => ({
    name: file.string('name'),
    offsetBytes: file.number('offsetBytes'),
    sizeBytes: file.number('sizeBytes'),
    textBytes: file.number('textBytes'),
  }))
  for (const file of files) {
    const isInside = file.offsetBytes >= area && file.sizeBytes >= 0
    if (!isInside || file.offsetBytes + file.sizeBytes > deviceBytes || file.name.includes('/'))
      throw new FormatError(name, area, `'${file.name}' does not lie in the area`)
  }
  if (files.length > FILES_MAX) throw new FormatError(name, area, `${files.length} files`)
  const dumpBytes = read.number('dumpBytes')
  return {
    directory: read.string('directory'),
    dumpName: read.string('dumpName'),
    dumpBytes,
    files,
  }
}
