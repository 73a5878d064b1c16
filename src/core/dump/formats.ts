// The dump formats, and the containers around them; the order is the order of probing.
import { FormatError, UsageError } from '../base/errors.ts'
import type { Source } from '../io/source.ts'
import { avml } from './avml.ts'
import { compressedFile } from './compressed_file.ts'
import { diskdump } from './diskdump.ts'
import type { Dump, DumpContainer, DumpFormat } from './dump_format.ts'
import { elf } from './elf.ts'
import { flattened } from './flattened.ts'
import { lime } from './lime.ts'
import { locateKernel } from './locate_kernel.ts'
import { qemuSave } from './qemu_save.ts'
import { openRaw } from './raw.ts'

/** All dump formats. */
export const FORMATS: readonly DumpFormat[] = [diskdump, elf, lime, avml, qemuSave]

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
 * Open a dump of any known format, whatever is around it. One without VMCOREINFO is searched for it, all of its memory
 * if need be.
 *
 * @throws {FormatError} if no format knows the file, or the one that does finds it broken
 * @throws {UnsupportedError} if it is compressed as a whole, or of a variant that is not read
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

/** Is this file a dump, or around one, by how it begins? Of plain memory that is not known. */
export function isDumpFile(source: Source): boolean {
  const head = readHead(source)
  return [...FORMATS, ...CONTAINERS].some((candidate) => candidate.probe(head))
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
  const [source] = sources
  if (source && sources.length === 1) {
    const format = findFormat(source)
    return format ? locateKernel(format.open(source)) : openPlain(source)
  }
  const formats = sources.map((part) => findFormat(part))
  const [format] = formats
  const alien = formats.findIndex((candidate) => candidate !== format || !candidate?.openParts)
  if (!format?.openParts || alien >= 0) {
    const index = Math.max(alien, 0)
    const name = formats[index]?.name ?? 'of no known format'
    const what = `${sources[index]?.name}: is ${name}, no part of a split dump`
    throw new UsageError(`${what}; several files are opened together only if they are such parts`)
  }
  return format.openParts(sources)
}

/** @throws {FormatError} if the file is empty */
function findFormat(source: Source): DumpFormat | undefined {
  const head = readHead(source)
  if (head.length === 0) throw new FormatError(source.name, 0, 'file is empty, expected a vmcore')
  return FORMATS.find((candidate) => candidate.probe(head))
}

/** Any file could be plain memory: it is one if a kernel is in it. */
function openPlain(source: Source): Dump {
  const dump = openRaw(source)
  if (typeof dump !== 'string') return dump
  const names = FORMATS.filter((candidate) => candidate !== qemuSave).map(({ name }) => name)
  const expected = `${names.join(', ')}, or plain memory with a kernel in it: ${dump}`
  const what = `not a vmcore (begins ${describeHead(readHead(source))}; expected ${expected})`
  throw new FormatError(source.name, 0, what)
}

function readHead(source: Source): Uint8Array {
  const head = new Uint8Array(Math.min(HEAD_SIZE, source.size))
  return head.subarray(0, source.read(0, head))
}

function describeHead(head: Uint8Array): string {
  return Array.from(head.subarray(0, 8), (byte) => byte.toString(16).padStart(2, '0')).join(' ')
}
