// Makes the least of an ELF program or shared library: headers, an interpreter, a list of needed libraries.

const EHDR_SIZE = 64
const PHDR_SIZE = 56
const PT_LOAD = 1
const PT_DYNAMIC = 2
const PT_INTERP = 3

/** Make a program. Without anything it is a static one. */
export function mkelf({
  interpreter,
  needed = [],
}: {
  interpreter?: string
  needed?: readonly string[]
}): Uint8Array {
  const strings = Buffer.from(`\0${needed.map((name) => `${name}\0`).join('')}`)
  const interp = Buffer.from(interpreter === undefined ? '' : `${interpreter}\0`)
  const dynamicSize = (needed.length + 3) * 16
  const phnum = 3
  const stringsAt = EHDR_SIZE + phnum * PHDR_SIZE
  const interpAt = stringsAt + strings.length
  const dynamicAt = (interpAt + interp.length + 7) & ~7
  const bytes = Buffer.alloc(dynamicAt + dynamicSize)
  bytes.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1])
  bytes.writeUInt16LE(3, 16) // ET_DYN
  bytes.writeUInt16LE(62, 18) // EM_X86_64
  bytes.writeBigUInt64LE(BigInt(EHDR_SIZE), 32)
  bytes.writeUInt16LE(EHDR_SIZE, 52)
  bytes.writeUInt16LE(PHDR_SIZE, 54)
  bytes.writeUInt16LE(phnum, 56)
  const header = (index: number, type: number, offset: number, size: number): void => {
    const at = EHDR_SIZE + index * PHDR_SIZE
    bytes.writeUInt32LE(size === 0 ? 0 : type, at)
    for (const [field, value] of [
      [8, offset],
      [16, offset],
      [32, size],
      [40, size],
    ] as const) {
      bytes.writeBigUInt64LE(BigInt(value), at + field)
    }
  }
  header(0, PT_LOAD, 0, bytes.length)
  header(1, PT_INTERP, interpAt, interp.length)
  header(2, PT_DYNAMIC, dynamicAt, dynamicSize)
  bytes.set(strings, stringsAt)
  bytes.set(interp, interpAt)
  const tags = [
    ...needed.map((name) => [1, strings.indexOf(`${name}\0`)]),
    [5, stringsAt],
    [10, strings.length],
    [0, 0],
  ]
  tags.forEach(([tag = 0, value = 0], index) => {
    bytes.writeBigUInt64LE(BigInt(tag), dynamicAt + index * 16)
    bytes.writeBigUInt64LE(BigInt(value), dynamicAt + index * 16 + 8)
  })
  return bytes
}
