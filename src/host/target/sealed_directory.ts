// A directory whose dump and log are encrypted before they are handed to the target: files that end in `.age`. A dump is a
// flattened stream inside, since what is encrypted is written in order. Source: platform/age/age_format.ts.
import { AGE_SUFFIX } from '../platform/age/age_magic.ts'
import { beginAgeFile } from '../platform/age/age_header.ts'
import { sealOutput, sealPieces } from '../platform/age/age_output.ts'
import { flattenOutput } from '../platform/flattened_output.ts'
import type { TargetDirectory } from './target.ts'

/** What a dump is called where it is encrypted. */
export const SEALED_DUMP = `vmcore.flat${AGE_SUFFIX}`

/**
 * Encrypt dumps, and files whose name says so. A key of its own for each: to begin one again is to encrypt it anew.
 *
 * @param recipients public keys of age
 */
export function sealDirectory(
  directory: TargetDirectory,
  recipients: readonly string[],
): TargetDirectory {
  return {
    name: directory.name,
    async writeFile(name, pieces, unfinished) {
      const isSealed = name.endsWith(AGE_SUFFIX)
      const written = isSealed ? sealPieces(await beginAgeFile(recipients), pieces) : pieces
      await directory.writeFile(name, written, unfinished)
    },
    async openDump(name) {
      const file = await beginAgeFile(recipients)
      return flattenOutput(sealOutput(file, await directory.openStream(name)))
    },
    openStream: (name) => directory.openStream(name),
    rename: (from, to) => directory.rename(from, to),
    remove: (name) => directory.remove(name),
    sizeOf: (name) => directory.sizeOf(name),
    digestOf: (name, endMs) => directory.digestOf(name, endMs),
    discard: () => directory.discard(),
  }
}
