// Which dumps may be read though they are encrypted: unlocked by name before they are opened, since opening is synchronous
// and the library that finds their keys is not.
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { HostError } from '../../../core/base/errors.ts'
import type { Source } from '../../../core/io/source.ts'
import { openFileSource } from '../file_source.ts'
import { AGE_MAGIC, isAge } from './age_magic.ts'
import type { AgeSource } from './age_source.ts'

/** Where identities are looked for if no file is named. */
export const IDENTITY_VARIABLE = 'KBOX_IDENTITY'

/** What opens a file that was unlocked, by its path. */
const openers = new Map<string, (source: Source) => AgeSource>()

/** Is a file encrypted with age? One that cannot be read is not. */
export function isEncrypted(file: string): boolean {
  try {
    using source = openFileSource(file)
    return startsAsAge(source)
  } catch (error) {
    if (error instanceof HostError) return false
    throw error
  }
}

/**
 * Unlock those of the files that are encrypted, for openDumpFile().
 *
 * @param identityFile secret keys, one a line, as age-keygen writes them; undefined: $KBOX_IDENTITY
 * @throws {HostError} if there is one and no identity is named, or its file has none
 * @throws {FormatError} if none of the identities opens it
 */
export async function unlockFiles(
  files: readonly string[],
  identityFile = process.env[IDENTITY_VARIABLE],
): Promise<void> {
  for (const file of files.filter(isEncrypted)) {
    if (identityFile === undefined || identityFile === '') throw locked(file)
    // Loaded here only: most dumps do without.
    const { unlockHeader } = await import('./age_header.ts')
    const { openAgeSource, readAgeHeader } = await import('./age_source.ts')
    using sealed = openFileSource(file)
    const header = readAgeHeader(sealed)
    const key = await unlockHeader(file, header, readIdentities(identityFile))
    openers.set(path.resolve(file), (source) => openAgeSource(source, header.length, key))
  }
}

/**
 * Open a dump's file for reading, decrypted if it was unlocked before.
 *
 * @throws {HostError} if it cannot be opened, or is encrypted and was not unlocked
 * @throws {FormatError} if it is encrypted and damaged
 */
export function openDumpFile(file: string): Source & { readonly isCut?: boolean } {
  const source = openFileSource(file)
  try {
    if (!startsAsAge(source)) return source
    const open = openers.get(path.resolve(file))
    if (!open) throw locked(file)
    return open(source)
  } catch (error) {
    source[Symbol.dispose]()
    throw error
  }
}

function startsAsAge(source: Source): boolean {
  const head = new Uint8Array(AGE_MAGIC.length)
  return source.read(0, head) === head.length && isAge(head)
}

function locked(file: string): HostError {
  const remedy = `name the secret key with --identity FILE or in $${IDENTITY_VARIABLE}`
  return new HostError(`${file}: encrypted with age: ${remedy}`, 'ENOKEY')
}

function readIdentities(file: string): string[] {
  const lines = readFileSync(file, 'utf8').split('\n')
  const identities = lines
    .map((line) => line.trim())
    .filter((line) => line.startsWith('AGE-SECRET-KEY-'))
  if (identities.length > 0) return identities
  const isLocked = lines[0]?.startsWith('age-encryption.org') || lines[0]?.includes('AGE ENCRYPTED')
  const what =
    isLocked === true ? "is encrypted itself: 'age -d' opens it" : 'has no AGE-SECRET-KEY-… in it'
  throw new HostError(`${file}: ${what}`, 'EINVAL')
}
