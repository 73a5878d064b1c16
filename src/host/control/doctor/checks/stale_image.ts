// Is the image made of what is on the disk now? By contents, not by times.
import path from 'node:path'
import { hashFile, readManifest } from '../../load/image_manifest.ts'
import { manifestFile } from '../../load/rebuild.ts'
import type { Check } from '../check.ts'

/** More names than one reads. */
const NAMES_MAX = 6

/** The image and its manifest. */
export const staleImage: Check = {
  ids: ['stale-image'],
  summary: 'compare the capture image with what it was made of',
  *examine({ facts, crash, image }) {
    if (!crash.loaded || !facts.has(image)) return
    const manifest = readManifest(facts.at(manifestFile(image)))
    const changed = (manifest?.inputs ?? [])
      .filter(({ name }) => name.startsWith('/') && facts.has(name))
      .filter(({ name, sha256 }) => hashFile(path.join(facts.root, name)).sha256 !== sha256)
      .map(({ name }) => name)
    if (changed.length === 0) return
    const more = changed.length - NAMES_MAX
    yield {
      id: 'stale-image',
      severity: 'warning',
      title: 'the loaded image was made of files that have changed since',
      evidence: [...changed.slice(0, NAMES_MAX), ...(more > 0 ? [`and ${more} more`] : [])],
      fix: "run 'kbox restart', which builds it anew",
    }
  },
}
