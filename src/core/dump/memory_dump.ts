// A dump that is memory and nothing else: no header about the machine, no registers, no notes.
import type { Source } from '../io/source.ts'
import type { Dump } from './dump_format.ts'
import { disjointSegments, type Segment, SegmentMemory } from './segment_memory.ts'

const PAGE_SIZE = 4096

/** What such a format knows beside the memory. */
export interface MemoryDumpFacts {
  readonly format: string
  readonly littleEndian: boolean
  /** Does the file break off? */
  readonly isCut: boolean
  /** Is memory compressed, so that its offsets are none of the file? */
  readonly isPacked?: boolean
}

/**
 * Make the dump.
 *
 * @param source what the segments' offsets are of; closed with the dump
 * @param segments at least one, in any order
 */
export function memoryDump(
  source: Source,
  segments: readonly Segment[],
  { format, littleEndian, isCut, isPacked = false }: MemoryDumpFacts,
): Dump {
  const memory = new SegmentMemory(source, disjointSegments(segments), PAGE_SIZE)
  return {
    format,
    file: source.name,
    pageSize: PAGE_SIZE,
    pfnEnd: memory.pfnEnd,
    littleEndian,
    incomplete: isCut || memory.isCut,
    dumpLevel: undefined,
    utsname: undefined,
    timestamp: 0,
    physBase: undefined,
    notes: [],
    vmcoreinfo: undefined,
    pageState: (pfn) => memory.pageState(pfn),
    pfnRuns: (what) => memory.pfnRuns(what),
    readPhysical: (physical, into) => memory.read(physical, into),
    ...(!isPacked && {
      describe: () => ({
        headerVersion: undefined,
        bits: undefined,
        isMarkedIncomplete: false,
        storage: memory.survey(),
        parts: [],
        eraseinfo: '',
      }),
    }),
    [Symbol.dispose]: () => memory[Symbol.dispose](),
  }
}
