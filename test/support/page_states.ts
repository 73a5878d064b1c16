// What a dump says of each frame, and whether what it gives is what memory held.
import assert from 'node:assert/strict'
import { FaultError } from '../../src/core/base/errors.ts'
import type { Dump } from '../../src/core/dump/dump_format.ts'

/** 'good', or why a frame cannot be read, by frame number. Fails if what is read is not in `memory`. */
export function readFrames(dump: Dump, memory: Uint8Array): string[] {
  const { pageSize } = dump
  const page = new Uint8Array(pageSize)
  return Array.from({ length: memory.length / pageSize }, (_, pfn) => {
    try {
      dump.readPhysical(pfn * pageSize, page)
    } catch (error) {
      if (error instanceof FaultError) return error.reason
      throw error
    }
    const expected = memory.subarray(pfn * pageSize, (pfn + 1) * pageSize)
    assert.equal(Buffer.compare(page, expected), 0, `frame 0x${pfn.toString(16)} differs`)
    return 'good'
  })
}

/** Numbers of the frames of which `states` says so. */
export function framesThatAre(state: string, states: readonly string[]): number[] {
  return states.flatMap((found, pfn) => (found === state ? [pfn] : []))
}
