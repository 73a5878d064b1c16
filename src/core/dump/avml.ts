// AVML v2: the headers of LiME, each before one range of 16 MiB at most that is compressed in snappy's framing format and
// followed by the compressed size. Ranges that are all zeros are left out: here as there they are not known from no RAM.
// Source: AVML src/image.rs, src/io/snappy.rs. Its uncompressed files are LiME's.
import { readUsize64 } from '../base/struct.ts'
import type { Source } from '../io/source.ts'
import type { Dump, DumpFormat } from './dump_format.ts'
import { AVML_MAGIC, AVML_VERSION } from './lime_layout.ts'
import { readRanges } from './lime_ranges.ts'
import { memoryDump } from './memory_dump.ts'
import { SnappyFrames } from './snappy_frames.ts'

const FORMAT = { name: 'AVML', magic: AVML_MAGIC, version: AVML_VERSION, littleEndian: true }
/** What follows a range: the bytes that its compressed data took. */
const TRAILER_SIZE = 8

export const avml: DumpFormat = {
  name: 'avml',
  probe: (head) =>
    head.length >= 4 &&
    new DataView(head.buffer, head.byteOffset).getUint32(0, true) === AVML_MAGIC,
  open: openAvml,
}

/**
 * Open an AVML file. Costs one look at the header of each 64 KiB.
 *
 * @throws {FormatError} if the first header is damaged
 * @throws {UnsupportedError} for another version
 */
function openAvml(source: Source): Dump {
  const frames = new SnappyFrames(source)
  const { segments, isCut } = readRanges(source, FORMAT, ({ start, end, offset }) => {
    const at = frames.size
    const framesEnd = frames.add(offset, end - start)
    const isWhole = framesEnd !== undefined && hasTrailer(source, framesEnd, framesEnd - offset)
    return { at, next: isWhole ? framesEnd + TRAILER_SIZE : undefined }
  })
  return memoryDump(frames, segments, { format: 'avml', isPacked: true, littleEndian: true, isCut })
}

function hasTrailer(source: Source, offset: number, compressedSize: number): boolean {
  const bytes = new Uint8Array(TRAILER_SIZE)
  if (source.read(offset, bytes) !== TRAILER_SIZE) return false
  try {
    return readUsize64(new DataView(bytes.buffer), 0, true) === compressedSize
  } catch {
    return false
  }
}
