// LiME v1: ranges of plain memory, each behind a header. AVML writes the same when told not to compress.
// Source: LiME src/main.c write_lime_header(). Ranges that are all zeros are missing from AVML's.
import type { Source } from '../io/source.ts'
import type { Dump, DumpFormat } from './dump_format.ts'
import { LIME_MAGIC, LIME_VERSION } from './lime_layout.ts'
import { readRanges } from './lime_ranges.ts'
import { memoryDump } from './memory_dump.ts'

export const lime: DumpFormat = {
  name: 'lime',
  probe: (head) => byteOrder(head) !== undefined,
  open: openLime,
}

/** LiME writes in the byte order of its machine. */
function byteOrder(head: Uint8Array): 'little' | 'big' | undefined {
  if (head.length < 4) return undefined
  const view = new DataView(head.buffer, head.byteOffset)
  if (view.getUint32(0, true) === LIME_MAGIC) return 'little'
  return view.getUint32(0, false) === LIME_MAGIC ? 'big' : undefined
}

/**
 * Open a LiME file.
 *
 * @throws {FormatError} if the first header is damaged
 * @throws {UnsupportedError} for another version
 */
function openLime(source: Source): Dump {
  const head = new Uint8Array(4)
  source.read(0, head)
  const littleEndian = byteOrder(head) === 'little'
  const format = { name: 'LiME', magic: LIME_MAGIC, version: LIME_VERSION, littleEndian }
  const { segments, isCut } = readRanges(source, format, ({ start, end, offset }) => {
    const next = offset + (end - start)
    return { at: offset, next: next <= source.size ? next : undefined }
  })
  return memoryDump(source, segments, { format: 'lime', littleEndian, isCut })
}
