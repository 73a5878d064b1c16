// What a capture image was made of: every input with its SHA-256. One copy lies in the image, one beside it; the one
// beside it decides at the next start whether the image must be built anew, and names what has changed.
import { createHash } from 'node:crypto'
import { closeSync, openSync, readFileSync, readSync, statSync } from 'node:fs'
import zlib from 'node:zlib'
import { FormatError, HostError } from '../../../core/base/errors.ts'
import { Members } from '../../platform/members.ts'

/** One thing an image is made of. */
export interface ManifestInput {
  /** File of this machine, or what it is in words: `kbox`, `configuration: targets`. */
  readonly name: string
  readonly sizeBytes: number
  readonly sha256: string
}

/** Everything an image is made of. */
export interface ImageManifest {
  readonly version: 1
  /** Release of the capture kernel. */
  readonly release: string
  /** Who made the image. */
  readonly backend: string
  /** Sorted by name. */
  readonly inputs: readonly ManifestInput[]
  /** Of the finished image; absent in the copy that lies in it. */
  readonly image?: { readonly sizeBytes: number; readonly crc32: number }
}

const PIECE_SIZE = 1 << 20

/** Hash a file's content. @throws {HostError} if it cannot be read */
export function hashFile(name: string): ManifestInput {
  const hash = createHash('sha256')
  const sizeBytes = forEachPiece(name, (piece) => void hash.update(piece))
  return { name, sizeBytes, sha256: hash.digest('hex') }
}

/** Hash a text that is no file. */
export function hashText(name: string, text: string): ManifestInput {
  return {
    name,
    sizeBytes: Buffer.byteLength(text),
    sha256: createHash('sha256').update(text).digest('hex'),
  }
}

/** Sum up a finished image. It is ours, so that a check sum does: it finds a copy that was cut or a bad disk. */
export function sumImage(file: string): NonNullable<ImageManifest['image']> {
  let crc32 = 0
  const sizeBytes = forEachPiece(file, (piece) => void (crc32 = zlib.crc32(piece, crc32)))
  return { sizeBytes, crc32 }
}

/** Check that an image is whole. @returns what is wrong with it, '' if nothing */
export function checkImage(file: string, manifest: ImageManifest): string {
  const stat = statSync(file, { throwIfNoEntry: false })
  if (!stat) return 'is missing'
  if (!manifest.image) return 'has no check sum'
  if (stat.size !== manifest.image.sizeBytes)
    return `has ${stat.size} bytes instead of ${manifest.image.sizeBytes}`
  return sumImage(file).crc32 === manifest.image.crc32 ? '' : 'was changed or damaged'
}

/** Name the inputs that were added, removed or changed. */
export function compareInputs(
  before: readonly ManifestInput[],
  now: readonly ManifestInput[],
): string[] {
  const old = new Map(before.map((input) => [input.name, input.sha256]))
  const changed = now.filter(({ name, sha256 }) => old.get(name) !== sha256).map(({ name }) => name)
  const names = new Set(now.map(({ name }) => name))
  return [...changed, ...[...old.keys()].filter((name) => !names.has(name))].toSorted()
}

/** Read the manifest beside an image, undefined where there is none that can be used. */
export function readManifest(file: string): ImageManifest | undefined {
  try {
    return parseManifest(file, readFileSync(file, 'utf8'))
  } catch {
    // An image without a sound manifest is built anew; that is no error.
    return undefined
  }
}

/** Parse a manifest. @throws {FormatError} naming the member that is missing or of the wrong kind */
export function parseManifest(file: string, text: string): ImageManifest {
  const read = Members.parse(file, text)
  if (read.number('version') !== 1) throw new FormatError(file, 0, 'version is not 1')
  const image = read.has('image') ? read.object('image') : undefined
  return {
    version: 1,
    release: read.string('release'),
    backend: read.string('backend'),
    inputs: read.objects('inputs').map((input) => ({
      name: input.string('name'),
      sizeBytes: input.number('sizeBytes'),
      sha256: input.string('sha256'),
    })),
    ...(image
      ? { image: { sizeBytes: image.number('sizeBytes'), crc32: image.number('crc32') } }
      : {}),
  }
}

function forEachPiece(file: string, take: (piece: Uint8Array) => void): number {
  let fd: number
  try {
    fd = openSync(file, 'r')
  } catch (cause) {
    throw new HostError(`${file} cannot be read`, 'ENOENT', { cause })
  }
  try {
    const piece = new Uint8Array(PIECE_SIZE)
    let sizeBytes = 0
    for (;;) {
      const got = readSync(fd, piece)
      if (got === 0) return sizeBytes
      take(piece.subarray(0, got))
      sizeBytes += got
    }
  } finally {
    closeSync(fd)
  }
}
