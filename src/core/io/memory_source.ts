// A Source over bytes in memory: tests, browsers, decompressed files.
import type { Source } from './source.ts'

/** Wrap `bytes` (not copied). */
export function memorySource(bytes: Uint8Array, name = 'memory'): Source {
  return {
    name,
    size: bytes.length,
    read(offset, into) {
      if (!(offset >= 0 && offset < bytes.length)) return 0
      const part = bytes.subarray(offset, Math.min(offset + into.length, bytes.length))
      into.set(part)
      return part.length
    },
    [Symbol.dispose]() {},
  }
}
