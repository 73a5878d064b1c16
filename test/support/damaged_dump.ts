// A dump, or a file, of which parts are damaged: the original is read through and stays as it is.
import type { Dump } from '../../src/core/dump/dump_format.ts'
import type { Source } from '../../src/core/io/source.ts'

/** Changes what was read at `start`, in place. */
export type Damage = (start: number, bytes: Uint8Array) => void

/** The file with damage to what is read of it. */
export function damagedSource(source: Source, damage: Damage): Source {
  return {
    name: source.name,
    size: source.size,
    read(offset, into) {
      const got = source.read(offset, into)
      damage(offset, into.subarray(0, got))
      return got
    },
    [Symbol.dispose]() {},
  }
}

/** The dump with damage to what is read of its memory. */
export function damagedDump(dump: Dump, damage: Damage): Dump {
  return {
    ...dump,
    ...pick(dump),
    pageState: (pfn) => dump.pageState(pfn),
    pfnRuns: (what) => dump.pfnRuns(what),
    readPhysical(physical, into) {
      dump.readPhysical(physical, into)
      damage(physical, into)
    },
    [Symbol.dispose]() {},
  }
}

/** Facts that a class has as getters or fields of its own are copied by name. */
function pick({ format, file, pageSize, pfnEnd, vmcoreinfo }: Dump): Partial<Dump> {
  return { format, file, pageSize, pfnEnd, vmcoreinfo }
}

/** Damage that replaces blocks of `size` bytes, at multiples of it, by others. */
export function replaceBlocks(blocks: ReadonlyMap<number, Uint8Array>, size: number): Damage {
  return (start, bytes) => {
    const end = start + bytes.length
    for (let index = Math.floor(start / size); index * size < end; index++) {
      const block = blocks.get(index)
      if (!block) continue
      const from = Math.max(start, index * size)
      const part = block.subarray(from - index * size, end - index * size)
      bytes.set(part, from - start)
    }
  }
}
