// The dump formats, and the containers around them; the order is the order of probing.
import { FormatError, UsageError } from '../base/errors.ts'
import type { Source } from '../io/source.ts'
import { compressedFile } from './compressed_file.ts'
import { diskdump } from './diskdump.ts'
import type { Dump, DumpContainer, DumpFormat } from './dump_format.ts'
import { elf } from './elf.ts'
import { flattened } from './flattened.ts'

/** All dump formats. */
export const FORMATS: readonly DumpFormat[] = [diskdump, elf]

/** What a dump may be inside of. */
const CONTAINERS: readonly DumpContainer[] = [flattened, compressedFile]

const HEAD_SIZE = 4096

/** How to open a dump. */
export interface OpenDumpOptions {
  /** The other files of a split dump. */
  readonly parts?: readonly Source[]
  /** Puts a cache before the bytes of the dump, behind its container. */
  readonly cache?: (source: Source) => Source
}

/**
 * Open a dump of any known format, whatever is around it.
 *
 * @throws {FormatError} if no format knows the file, or the one that does finds it broken
 * @throws {UnsupportedError} if it is compressed as a whole
 * @throws {UsageError} if `parts` are given and the files are not the parts of one dump
 */
export function openDump(source: Source, { parts = [], cache }: OpenDumpOptions = {}): Dump {
  const files = [source, ...parts].map((file) => openContainer(file))
  const sources = files.map((file) => cache?.(file.source) ?? file.source)
  const dump = openSources(sources)
  const inside = files.find(({ isCut }) => isCut) ?? files.find(({ container }) => container)
  if (inside?.container === undefined) return dump
  // Formats need not know what is around them: its facts are added here.
  const { container, isCut } = inside
  const incompleteReason = `${inside.source.name}: the ${container} file has no end`
  return Object.assign(dump, { container, ...(isCut && { incomplete: true, incompleteReason }) })
}

interface OpenedFile {
  readonly source: Source
  /** Undefined if the file is the dump. */
  readonly container: string | undefined
  readonly isCut: boolean
}

function openContainer(source: Source): OpenedFile {
  const head = readHead(source)
  const container = CONTAINERS.find((candidate) => candidate.probe(head))
  if (!container) return { source, container: undefined, isCut: false }
  const inside = container.open(source)
  return { source: inside, container: container.name, isCut: inside.isCut }
}

function openSources(sources: readonly Source[]): Dump {
  const formats = sources.map((source) => findFormat(source))
  const [format] = formats
  const [source] = sources
  if (format && source && sources.length === 1) return format.open(source)
  const alien = formats.findIndex((candidate) => candidate !== format || !candidate.openParts)
  if (!format?.openParts || alien >= 0) {
    const index = Math.max(alien, 0)
    const what = `${sources[index]?.name}: is ${formats[index]?.name}, no part of a split dump`
    throw new UsageError(`${what}; several files are opened together only if they are such parts`)
  }
  return format.openParts(sources)
}

/** @throws {FormatError} if no format knows the file */
function findFormat(source: Source): DumpFormat {
  const head = readHead(source)
  if (head.length === 0) throw new FormatError(source.name, 0, 'file is empty, expected a vmcore')
  const format = FORMATS.find((candidate) => candidate.probe(head))
  if (format) return format
  const names = FORMATS.map((candidate) => candidate.name).join(', ')
  const what = `not a vmcore (begins ${describeHead(head)}; expected ${names})`
  throw new FormatError(source.name, 0, what)
}

function readHead(source: Source): Uint8Array {
  const head = new Uint8Array(Math.min(HEAD_SIZE, source.size))
  return head.subarray(0, source.read(0, head))
}

function describeHead(head: Uint8Array): string {
  return Array.from(head.subarray(0, 8), (byte) => byte.toString(16).padStart(2, '0')).join(' ')
}
