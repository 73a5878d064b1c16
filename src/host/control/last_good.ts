// The image that was loaded last, kept so that it can be loaded again when a newer one is refused. The image is a hard
// link: a rebuild puts a new file in place of the old one. The kernel is a copy: a package writes over the original.
import {
  constants,
  copyFileSync,
  existsSync,
  linkSync,
  readFileSync,
  renameSync,
  rmSync,
} from 'node:fs'
import { FormatError } from '../../core/base/errors.ts'
import { renameDurably, writeDurably } from '../platform/durable_file.ts'
import { Members } from '../platform/members.ts'
import { readManifest, sumImage } from './image_manifest.ts'
import type { LoadSettings } from './load_settings.ts'

/** All that is needed to load a capture kernel. */
export interface LoadSet {
  /** Release of the capture kernel. */
  readonly release: string
  /** Kernel file as the load takes it. */
  readonly kernel: string
  /** The capture image. */
  readonly image: string
  readonly cmdline: string
  /** Words of the command line that were asked for at the start. */
  readonly append: string
  readonly mode: LoadSettings['kexecMode']
}

/** A file's size and check sum. */
type Sum = ReturnType<typeof sumImage>

const SUFFIX = '.last-good'

/** The files that keep what is loaded from `image`, which may be the kept one itself. */
export function lastGoodFiles(image: string) {
  const base = image.endsWith(SUFFIX) ? image : `${image}${SUFFIX}`
  return { image: base, kernel: `${base}.kernel`, record: `${base}.json` } as const
}

/** Keep what has just been loaded. @throws {Error} of a file operation, such as ENOSPC */
export function keepLastGood(set: LoadSet): void {
  const files = lastGoodFiles(set.image)
  if (set.image !== files.image) replaceByLink(set.image, files.image)
  if (set.kernel !== files.kernel) copyIfNew(set.kernel, files.kernel)
  const record = {
    version: 1,
    ...set,
    // The image was checked against its manifest a moment ago.
    sums: {
      image: readManifest(`${set.image}.json`)?.image ?? sumImage(files.image),
      kernel: sumImage(files.kernel),
    },
  }
  const unfinished = `${files.record}.tmp`
  writeDurably(unfinished, [`${JSON.stringify(record, null, 2)}\n`])
  renameDurably(unfinished, files.record)
}

/**
 * Find what was loaded last from `image`, whole and unchanged.
 *
 * @returns the set with the kept files; undefined where there is none, or it was damaged
 */
export function findLastGood(image: string): LoadSet | undefined {
  const files = lastGoodFiles(image)
  try {
    const read = Members.parse(files.record, readFileSync(files.record, 'utf8'))
    if (read.number('version') !== 1) return undefined
    const sums = read.object('sums')
    for (const name of ['image', 'kernel'] as const)
      if (!isSame(sumImage(files[name]), sums.object(name))) return undefined
    return { ...parseLoadSet(read), kernel: files.kernel, image: files.image }
  } catch {
    // Nothing to fall back to is no error: there was no load before.
    return undefined
  }
}

/** Read the members of a load set. @throws {FormatError} naming the member that is missing or of the wrong kind */
export function parseLoadSet(read: Members): LoadSet {
  return {
    release: read.string('release'),
    kernel: read.string('kernel'),
    image: read.string('image'),
    cmdline: read.string('cmdline'),
    append: read.string('append'),
    mode: read.oneOf('mode', ['', '-s', '-c', '-a']),
  }
}

/** Read a load set that `writeLoadSet` wrote; undefined where there is none. @throws {FormatError} if it is damaged */
export function readLoadSet(file: string): LoadSet | undefined {
  if (!existsSync(file)) return undefined
  const read = Members.parse(file, readFileSync(file, 'utf8'))
  if (read.number('version') !== 1) throw new FormatError(file, 0, 'version is not 1')
  return parseLoadSet(read)
}

/** Write a load set down. */
export function writeLoadSet(file: string, set: LoadSet): void {
  writeDurably(`${file}.tmp`, [`${JSON.stringify({ version: 1, ...set }, null, 2)}\n`])
  renameDurably(`${file}.tmp`, file)
}

function isSame(sum: Sum, said: Members): boolean {
  return sum.sizeBytes === said.number('sizeBytes') && sum.crc32 === said.number('crc32')
}

function replaceByLink(from: string, to: string): void {
  const unfinished = `${to}.tmp`
  rmSync(unfinished, { force: true })
  try {
    linkSync(from, unfinished)
  } catch {
    // File systems without hard links, or an image that lies elsewhere.
    copyFileSync(from, unfinished, constants.COPYFILE_FICLONE)
  }
  renameSync(unfinished, to)
}

function copyIfNew(from: string, to: string): void {
  if (existsSync(to)) {
    const [old, now] = [sumImage(to), sumImage(from)]
    if (old.sizeBytes === now.sizeBytes && old.crc32 === now.crc32) return
  }
  const unfinished = `${to}.tmp`
  copyFileSync(from, unfinished, constants.COPYFILE_FICLONE)
  renameDurably(unfinished, to)
}
