// Builds PE files and bzImages field by field: what the kernel chooser, the UKI splitter and the loader's checks look at.

/** A section to put into a PE file. */
export interface PeSectionRecipe {
  readonly name: string
  readonly content: string
  /** Bytes of padding behind the content, as linkers align it. */
  readonly padding?: number
}

/** What a PE file is made of. */
export interface PeRecipe {
  readonly sections?: readonly PeSectionRecipe[]
  /** The attribute certificate table. */
  readonly certificates?: Uint8Array
}

const HEADERS = 0x400
const OPTIONAL_SIZE = 112 + 16 * 8

/** Build a PE32+ file. */
export function mkpe({ sections = [], certificates = new Uint8Array() }: PeRecipe): Uint8Array {
  const contents = sections.map(({ content, padding = 0 }) =>
    Buffer.concat([Buffer.from(content), Buffer.alloc(padding)]),
  )
  const head = Buffer.alloc(HEADERS)
  head.write('MZ', 0)
  head.writeUInt32LE(0x80, 0x3c)
  head.write('PE\0\0', 0x80)
  head.writeUInt16LE(0x8664, 0x84)
  head.writeUInt16LE(sections.length, 0x86)
  head.writeUInt16LE(OPTIONAL_SIZE, 0x94)
  const optional = 0x98
  head.writeUInt16LE(0x20b, optional)
  head.writeUInt32LE(16, optional + 108)
  let at = HEADERS
  for (const [index, section] of sections.entries()) {
    const row = optional + OPTIONAL_SIZE + index * 40
    const size = contents[index]?.length ?? 0
    head.write(section.name, row, 8, 'latin1')
    head.writeUInt32LE(section.content.length, row + 8)
    head.writeUInt32LE(size, row + 16)
    head.writeUInt32LE(at, row + 20)
    at += size
  }
  if (certificates.length > 0) {
    head.writeUInt32LE(at, optional + 112 + 4 * 8)
    head.writeUInt32LE(certificates.length, optional + 112 + 4 * 8 + 4)
  }
  return new Uint8Array(Buffer.concat([head, ...contents, certificates]))
}

/** Fields of a bzImage's header that the kernel looks at before it loads it. */
export interface BzImageRecipe {
  readonly release?: string
  /** Boot protocol. */
  readonly version?: number
  readonly loadFlags?: number
  readonly xloadFlags?: number
  readonly relocatable?: number
  readonly initSizeBytes?: number
  readonly cmdlineSize?: number
  /** Bytes of the protected-mode part that the header promises, and that there are. */
  readonly bodyBytes?: number
  readonly presentBytes?: number
}

/** Build a bzImage. */
export function mkbzImage(recipe: BzImageRecipe = {}): Uint8Array {
  const { release = '6.1.0-test', bodyBytes = 4096, presentBytes = bodyBytes } = recipe
  const setupSectors = 3
  const setup = Buffer.alloc((setupSectors + 1) * 512)
  setup.writeUInt8(setupSectors, 0x1f1)
  setup.writeUInt32LE(bodyBytes / 16, 0x1f4)
  setup.writeUInt16LE(0xaa55, 0x1fe)
  setup.write('HdrS', 0x202)
  setup.writeUInt16LE(recipe.version ?? 0x20f, 0x206)
  setup.writeUInt16LE(0x300, 0x20e)
  setup.writeUInt8(recipe.loadFlags ?? 1, 0x211)
  setup.writeUInt8(recipe.relocatable ?? 1, 0x234)
  setup.writeUInt16LE(recipe.xloadFlags ?? 0x3f, 0x236)
  setup.writeUInt32LE(recipe.cmdlineSize ?? 2047, 0x238)
  setup.writeUInt32LE(recipe.initSizeBytes ?? 1 << 20, 0x260)
  setup.write(`${release} (built by a test)\0`, 0x500)
  return new Uint8Array(Buffer.concat([setup, Buffer.alloc(presentBytes, 0x90)]))
}
