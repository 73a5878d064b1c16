// Pieces of the page array of a real dump of Linux 6.1, for simulated machines. Such a dump is in the cache where test/vm
// has crashed that kernel.
import fs from 'node:fs'
import { cachePath } from '../../scripts/cache.ts'
import { VmcoreInfo } from '../../src/core/debuginfo/vmcoreinfo.ts'
import { dumpPages } from '../../src/host/capture/dump_pages.ts'
import { KernelMemory } from '../../src/host/capture/kernel_memory.ts'
import { readMemMaps } from '../../src/host/capture/mem_map.ts'
import { openDumpPath } from '../../src/host/capture/open_pages.ts'
import { countPages, type PagePiece, SECTION_FRAMES, STRUCT_PAGE } from './page_patterns.ts'

/** The first section of a simulated machine has room for so many. */
const PIECES_MAX = 16

/** Read the page array's pieces of whole sections; none if there is no dump. */
export function readRealPieces(): PagePiece[] {
  const file = ['6.1-large', '6.1']
    .map((name) => cachePath('dumps', name, 'vmcore.elf'))
    .find((path) => fs.existsSync(path))
  if (file === undefined) return []
  using dump = openDumpPath({ files: [file], useMmap: false })
  const info = VmcoreInfo.parse(dump.vmcoreinfo ?? new Uint8Array())
  const pages = dumpPages(dump)
  const memory = new KernelMemory(dump, pages, info)
  const maps = readMemMaps(info, pages.pfnEnd, true, (address, into) => memory.read(address, into))
  const pieces: PagePiece[] = []
  for (const { address, pfnStart, pfnEnd } of maps) {
    if (pieces.length === PIECES_MAX || pfnEnd - pfnStart < SECTION_FRAMES) continue
    const bytes = new Uint8Array(SECTION_FRAMES * STRUCT_PAGE)
    if (memory.readLenient(address, bytes) === 0) pieces.push({ bytes, counts: countPages(bytes) })
  }
  return pieces
}
