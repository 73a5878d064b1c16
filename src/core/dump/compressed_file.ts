// A file compressed as a whole, as people mail and archive dumps: known by its first bytes, and refused with the remedy,
// since pages are read at random.
import { assert } from '../base/assert.ts'
import { UnsupportedError } from '../base/errors.ts'
import type { DumpContainer } from './dump_format.ts'

interface FileCompression {
  readonly name: string
  readonly magic: readonly number[]
  /** Unpacks FILE to one beside it. */
  readonly command: string
}

/** Source: each tool's description of its format. */
const COMPRESSIONS: readonly FileCompression[] = [
  { name: 'gzip', magic: [0x1f, 0x8b], command: 'gzip -dk' },
  { name: 'zstd', magic: [0x28, 0xb5, 0x2f, 0xfd], command: 'zstd -d' },
  { name: 'xz', magic: [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00], command: 'xz -dk' },
  { name: 'bzip2', magic: [0x42, 0x5a, 0x68], command: 'bzip2 -dk' },
  { name: 'lz4', magic: [0x04, 0x22, 0x4d, 0x18], command: 'lz4 -d' },
  { name: 'lzop', magic: [0x89, 0x4c, 0x5a, 0x4f, 0x00], command: 'lzop -d' },
]

/** gzip, zstd and their like; never opened, but named. */
export const compressedFile: DumpContainer = {
  name: 'compressed file',
  probe: (head) => findCompression(head) !== undefined,
  open(source) {
    const head = new Uint8Array(8)
    const found = findCompression(head.subarray(0, source.read(0, head)))
    assert(found !== undefined, 'probed before')
    const how = `unpack it first: ${found.command} ${source.name}`
    throw new UnsupportedError(`${source.name}: compressed with ${found.name}; ${how}`)
  },
}

function findCompression(head: Uint8Array): FileCompression | undefined {
  return COMPRESSIONS.find(({ magic }) => magic.every((byte, at) => head[at] === byte))
}
