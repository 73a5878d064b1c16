// Which frames a process's pages are in, as /proc/PID/pagemap has it, with the frames' own flags and counts.
// Source: Documentation/admin-guide/mm/pagemap.rst.
import { closeSync, openSync, readFileSync, readSync } from 'node:fs'

const PAGE = 4096
/** Of one mapping; a runtime's heap would be thousands. */
const PAGES_MAX = 64
const PFN_MASK = (1n << 55n) - 1n
const PRESENT = 1n << 63n

/**
 * Read a process's page map as text: `ADDRESS ENTRY KPAGEFLAGS KPAGECOUNT` in hex, a line for each page that is present
 * or swapped, of the first pages of each mapping; flags and count are 0 for a page that is not present.
 *
 * @returns undefined without the rights or the files
 */
export function readPagemap(pid: number): string | undefined {
  const fds: number[] = []
  const open = (file: string): number => {
    const fd = openSync(file, 'r')
    fds.push(fd)
    return fd
  }
  try {
    const pagemap = open(`/proc/${pid}/pagemap`)
    const flags = open('/proc/kpageflags')
    const counts = open('/proc/kpagecount')
    const lines: string[] = []
    for (const { start, pages } of readMappings(pid)) {
      const entries = readWords(pagemap, start / PAGE, Math.min(pages, PAGES_MAX))
      entries.forEach((entry, index) => {
        if (entry >> 62n === 0n) return
        const pfn = (entry & PRESENT) === 0n ? undefined : Number(entry & PFN_MASK)
        const [flag = 0n] = pfn === undefined ? [] : readWords(flags, pfn, 1)
        const [count = 0n] = pfn === undefined ? [] : readWords(counts, pfn, 1)
        const words = [BigInt(start + index * PAGE), entry, flag, count]
        lines.push(`${words.map((word) => word.toString(16)).join(' ')}\n`)
      })
    }
    return lines.join('')
  } catch {
    return undefined
  } finally {
    for (const fd of fds) closeSync(fd)
  }
}

function readMappings(pid: number): { start: number; pages: number }[] {
  return readFileSync(`/proc/${pid}/maps`, 'latin1')
    .split('\n')
    .flatMap((line) => {
      const [, first = '', end = ''] = /^([\da-f]+)-([\da-f]+) /.exec(line) ?? []
      const start = Number.parseInt(first, 16)
      const pages = (Number.parseInt(end, 16) - start) / PAGE
      // The gate area is in no page table of the process.
      return Number.isSafeInteger(start) && pages > 0 ? [{ start, pages }] : []
    })
}

/** 64-bit words of a file, by index; fewer at its end. */
function readWords(fd: number, index: number, count: number): bigint[] {
  const buffer = Buffer.alloc(count * 8)
  const size = readSync(fd, buffer, 0, buffer.length, index * 8)
  const view = new DataView(buffer.buffer, buffer.byteOffset, size)
  return Array.from({ length: Math.floor(size / 8) }, (_, word) =>
    view.getBigUint64(word * 8, true),
  )
}
