// Blanks what the recorder never reads of the ICU data inside a Node binary: other locales, converters, dictionaries.
// The file keeps its size; zeros take no room in a squashfs. It takes a quarter off the capture image, which is in
// memory twice while the capture kernel unpacks it. Source: ICU's icu/source/common/ucmndata.h, udata.h.

/** `UDataInfo.dataFormat` of a package of data, behind headerSize, magic and the versions' sizes. */
const FORMAT = Buffer.from('CmnD')
const FORMAT_OFFSET = 12
const MAGIC = Buffer.from([0xda, 0x27])
const ITEM_COUNT_MAX = 100_000

interface Item {
  /** Such as `icudt78l/coll/de.res`. */
  readonly name: string
  readonly start: number
  readonly end: number
}

/**
 * Blank unneeded ICU data in place.
 *
 * @returns bytes blanked; 0 when the binary has no ICU data inside (it is linked to a shared one then)
 */
export function trimIcu(binary: Buffer): number {
  let blanked = 0
  for (const { name, start, end } of findItems(binary)) {
    if (isNeeded(name)) continue
    binary.fill(0, start, end)
    blanked += end - start
  }
  return blanked
}

/** Kept: English and the root locale, time zones, Unicode properties, normalisation, Latin-1. */
function isNeeded(name: string): boolean {
  const [, folder = '', base = ''] = /^[^/]+\/(?:(\w+)\/)?(.+)$/.exec(name) ?? []
  if (base.endsWith('.cnv')) return base.startsWith('ibm-5348')
  if (folder === 'translit' || folder === 'rbnf' || base.endsWith('.dict') || base === 'unames.icu')
    return false
  const locale = /^([a-z]{2,3})(?:_\w+)?\.res$/.exec(base)?.[1]
  return locale === undefined || locale === 'en'
}

function findItems(binary: Buffer): Item[] {
  for (let at = binary.indexOf(FORMAT); at >= 0; at = binary.indexOf(FORMAT, at + 1)) {
    const items = readItems(binary, at - FORMAT_OFFSET)
    if (items.length > 0) return items
  }
  return []
}

/** The table of contents: a count, then (name offset, data offset) pairs from the table's start, in order of names. */
function readItems(binary: Buffer, header: number): Item[] {
  if (header < 0 || !binary.subarray(header + 2, header + 4).equals(MAGIC)) return []
  const toc = header + binary.readUInt16LE(header)
  const count = binary.readUInt32LE(toc)
  if (count === 0 || count > ITEM_COUNT_MAX) return []
  const items: Item[] = []
  for (let index = 0; index < count; index++) {
    const entry = toc + 4 + index * 8
    const nameAt = toc + binary.readUInt32LE(entry)
    const start = toc + binary.readUInt32LE(entry + 4)
    // The last item has no successor to end it, so it stays.
    const end = index + 1 < count ? toc + binary.readUInt32LE(entry + 12) : start
    const name = binary.toString('latin1', nameAt, binary.indexOf(0, nameAt))
    if (end < start || end > binary.length || !name.startsWith('icudt')) return []
    items.push({ name, start, end })
  }
  return items
}
