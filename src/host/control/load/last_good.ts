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
import { renameDurably } from '../../platform/durable_file.ts'
import { Members } from '../../platform/members.ts'
import { readManifest, sumImage } from './image_manifest.ts'
import { parseLoadSet, writeLoadSet, type LoadSet } from './load_set.ts'

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
  // The image was checked against its manifest a moment ago.
  const image = readManifest(`${set.image}.json`)?.image ?? sumImage(files.image)
  writeLoadSet(files.record, set, { sums: { image, kernel: sumImage(files.kernel) } })
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
    const sums = read.object('sums')
    for (const name of ['image', 'kernel'] as const)
      if (!isSame(sumImage(files[name]), sums.object(name))) return undefined
    return { ...parseLoadSet(read, files.record), kernel: files.kernel, image: files.image }
  } catch {
    // Nothing to fall back to is no error: there was no load before.
    return undefined
  }
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
