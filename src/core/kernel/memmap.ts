// The array of page descriptors, all of it: 1 TiB of memory has 268 million of 64 bytes, so they are read by the chunk.
// Source: mm/sparse-vmemmap.c, include/linux/mmzone.h for_each_present_section_nr().
import { wrap64 } from '../base/addr.ts'
import { FaultError } from '../base/errors.ts'
import type { Program } from '../program/program.ts'
import { vmemmapBase, type Page } from './page.ts'
import { forEachPresentSection, pagesPerSection, SECTION_HAS_MEM_MAP } from './sparse.ts'

/** Descriptors read at once: a page of them, where they are 64 bytes. */
const CHUNK = 64

/** Some descriptors in a row. */
export interface MemmapChunk {
  readonly pfn: number
  readonly count: number
  /** Of the first descriptor. */
  readonly address: bigint
  /** Their bytes; undefined where not all could be read. */
  readonly view: DataView | undefined
}

/**
 * Walk all page descriptors, a chunk at a time, by frame number. Descriptors that are not in the dump are part of the
 * walk, those of absent sections are not.
 */
export function* forEachMemmapChunk(program: Program): Generator<MemmapChunk> {
  const { memory } = program
  const size = program.sizeof('struct page')
  const base = vmemmapBase(program)
  const pages = pagesPerSection(program)
  for (const { pfnStart, flags } of forEachPresentSection(program)) {
    if ((flags & SECTION_HAS_MEM_MAP) === 0n) continue
    for (let i = 0; i < pages; i += CHUNK) {
      const pfn = pfnStart + i
      const count = Math.min(CHUNK, pages - i)
      const address = wrap64(base + BigInt(pfn) * BigInt(size))
      const bytes = new Uint8Array(count * size)
      let view: DataView | undefined = new DataView(bytes.buffer)
      try {
        memory.readVirtual(address, bytes)
      } catch (error) {
        if (!(error instanceof FaultError)) throw error
        view = undefined
      }
      yield { pfn, count, address, view }
    }
  }
}

/** Walk all page descriptors, one by one. */
export function* forEachPage(program: Program): Generator<Page> {
  const size = program.sizeof('struct page')
  for (const { address, count } of forEachMemmapChunk(program))
    for (let i = 0; i < count; i++)
      yield program.objectAt('struct page', wrap64(address + BigInt(i * size)))
}
