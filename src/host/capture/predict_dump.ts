// The size a dump would have, by level and codec, predicted from a sample of its pages.
import { bitRuns } from '../../core/base/bits.ts'
import { FormatError, type KdumpError, NotFoundError } from '../../core/base/errors.ts'
import { VmcoreInfo } from '../../core/debuginfo/vmcoreinfo.ts'
import type { Dump, PfnRun } from '../../core/dump/dump_format.ts'
import { registerNativeCodecs } from '../platform/native_codecs.ts'
import { dumpPages } from './dump_pages.ts'
import { prepareFilter } from './dump_plan.ts'
import {
  EXCLUDE_CACHE,
  EXCLUDE_CACHE_PRIVATE,
  EXCLUDE_FREE,
  EXCLUDE_USER,
} from './exclude/page_class.ts'
import { KernelMemory } from './kernel_memory.ts'
import { filterPages } from './page_filter.ts'
import { fixedSize, type PredictedClass, type Prediction, predictSizes } from './predict.ts'
import { encodeNotes } from './writers/encode_notes.ts'

/** Levels whose difference is one class: without it, and with it. */
const LEVELS: Readonly<Record<Exclude<PredictedClass, 'kernel'>, readonly [number, number]>> = {
  cache: [0, EXCLUDE_CACHE],
  cachePrivate: [EXCLUDE_CACHE, EXCLUDE_CACHE | EXCLUDE_CACHE_PRIVATE],
  user: [0, EXCLUDE_USER],
  free: [0, EXCLUDE_FREE],
}
const ALL_CLASSES = EXCLUDE_CACHE | EXCLUDE_CACHE_PRIVATE | EXCLUDE_USER | EXCLUDE_FREE

/**
 * Predict the size of a dump of `dump`. Reads the page array several times, and a sample of pages.
 *
 * @param shareRepeats whether pages that equal earlier ones will share their data
 * @throws {FormatError} if the dump has no VMCOREINFO
 * @throws {NotFoundError} if its page array cannot be read
 */
export function predictDump(dump: Dump, shareRepeats: boolean): Prediction {
  registerNativeCodecs()
  if (!dump.vmcoreinfo) throw new FormatError(dump.file, 0, 'dump has no VMCOREINFO note')
  const info = VmcoreInfo.parse(dump.vmcoreinfo)
  const pages = dumpPages(dump)
  const memory = new KernelMemory(dump, pages, info)
  const problems: KdumpError[] = []
  const { littleEndian, pageSize } = dump
  const prepared = prepareFilter({ info, pages, memory, littleEndian }, problems)
  if (!prepared) {
    const [cause] = problems
    throw new NotFoundError('vmcoreinfo', 'a page array that can be read', { cause })
  }
  const { input, own } = prepared
  const dumpedAt = (level: number): Uint8Array => filterPages(input, { level, own }).dumped
  const runsOf = (name: PredictedClass): PfnRun[] => {
    if (name === 'kernel') return bitRuns(dumpedAt(ALL_CLASSES))
    const [without, withClass] = LEVELS[name]
    const bits = dumpedAt(without)
    dumpedAt(withClass).forEach((byte, at) => (bits[at] = (bits[at] as number) & ~byte))
    return bitRuns(bits)
  }
  return predictSizes({
    pageSize,
    fixedSize: fixedSize(pageSize, pages.pfnEnd, encodeNotes(dump).notes.length),
    runsOf,
    readPage: (pfn, into) => pages.read(pfn * pageSize, into),
    shareRepeats,
  })
}
