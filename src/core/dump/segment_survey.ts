// How pages lie in a file that stores memory as it was: always raw; those past the end of the file are lost.
import type { PageStorage } from './dump_description.ts'
import type { Segment } from './segment_memory.ts'

/** Survey segments, which are disjoint and in physical order. @param fileSize bytes */
export function surveySegments(
  segments: readonly Segment[],
  fileSize: number,
  pageSize: number,
): PageStorage {
  let pages = 0
  let bytes = 0
  let lostPages = 0
  let isInFrameOrder = true
  let lastOffset = 0
  for (const { start, fileEnd, offset } of segments) {
    const size = fileEnd - start
    if (size === 0) continue
    const there = Math.min(size, Math.max(0, fileSize - offset))
    const first = Math.ceil(start / pageSize)
    const wanted = Math.max(0, Math.floor(fileEnd / pageSize) - first)
    const whole = Math.max(0, Math.floor((start + there) / pageSize) - first)
    pages += whole
    bytes += there
    lostPages += wanted - whole
    if (offset < lastOffset) isInFrameOrder = false
    lastOffset = offset
  }
  return {
    codecs: [{ codec: 'raw', pages, bytes }],
    zeroPages: undefined,
    sharedPages: undefined,
    lostPages,
    isInFrameOrder,
  }
}
