// Memory of a machine that holds just enough of an x86-64 kernel for it to be found: VMCOREINFO as text and as note, page
// tables, and the kernel's name for itself.
import { elfNotes } from './elf_notes.ts'
import { PageTables } from './page_tables.ts'

const IMAGE_MAP = 0xffff_ffff_8000_0000n
/** Of init_uts_ns in the image, and of its member `name`. */
const UTS_OFFSET = 0x20_0b60
const UTS_NAME_OFFSET = 4
const UTSNAME_FIELD = 65
const LARGE_PAGE = 0x20_0000

/** What the memory holds; all has a default. */
export interface MemoryKernel {
  /** Bytes of memory. */
  readonly size?: number
  readonly release?: string
  readonly machine?: string
  /** Physical address of the image's first byte. */
  readonly physBase?: number
  /** NUMBER(phys_base) in VMCOREINFO: leave it out, or say something else. */
  readonly statedPhysBase?: number | 'absent'
  /** Where VMCOREINFO lies as text, and where as a note; undefined: nowhere. */
  readonly textAt?: number | undefined
  readonly noteAt?: number | undefined
  /** Further lines of VMCOREINFO. */
  readonly lines?: string
  /** Are the page tables still there? */
  readonly tables?: boolean
}

/** The memory, from physical address 0 on. */
export function memoryKernel(kernel: MemoryKernel = {}): Uint8Array {
  const { size = 0x80_0000, physBase = 0x20_0000, tables = true } = kernel
  const { textAt = 0x30_0000, noteAt } = kernel
  const bytes = new Uint8Array(size)
  if (tables) {
    const pages = new PageTables({ firstFrame: rootAt(physBase) })
    const image = UTS_OFFSET - (UTS_OFFSET % LARGE_PAGE)
    pages.map(IMAGE_MAP + BigInt(image), physBase + image, { size: LARGE_PAGE })
    for (const [at, view] of pages.frames) bytes.set(new Uint8Array(view.buffer), at)
  }
  const { release = '6.1.0-test', machine = 'x86_64' } = kernel
  const names = ['Linux', 'node', release, '#1 SMP', machine]
  names.forEach((name, i) =>
    put(bytes, physBase + UTS_OFFSET + UTS_NAME_OFFSET + i * UTSNAME_FIELD, `${name}\0`),
  )
  const text = memoryVmcoreinfo(kernel)
  if (textAt > 0) put(bytes, textAt, text)
  if (noteAt !== undefined) {
    const desc = new TextEncoder().encode(text)
    bytes.set(elfNotes([{ name: 'VMCOREINFO', type: 0, desc }], true), noteAt)
  }
  return bytes
}

/** The VMCOREINFO of such a kernel. */
export function memoryVmcoreinfo(kernel: MemoryKernel = {}): string {
  const { release = '6.1.0-test', physBase = 0x20_0000, statedPhysBase = physBase } = kernel
  const { lines = '' } = kernel
  const symbol = (offset: number): string => (IMAGE_MAP + BigInt(offset)).toString(16)
  const stated = statedPhysBase === 'absent' ? '' : `NUMBER(phys_base)=${statedPhysBase}\n`
  return [
    `OSRELEASE=${release}\nPAGESIZE=4096\n`,
    `SYMBOL(init_uts_ns)=${symbol(UTS_OFFSET)}\n`,
    `OFFSET(uts_namespace.name)=${UTS_NAME_OFFSET}\n`,
    `SYMBOL(swapper_pg_dir)=${symbol(rootAt(physBase) - physBase)}\n${stated}${lines}`,
  ].join('')
}

/** Write text into memory. */
export function put(bytes: Uint8Array, at: number, text: string): void {
  bytes.set(new TextEncoder().encode(text), at)
}

const rootAt = (physBase: number): number => physBase + 0x40_0000
