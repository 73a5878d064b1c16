// What a kernel file says of itself. Source: Documentation/arch/x86/boot.rst, "The Real-Mode Kernel Header".
import { existsSync } from 'node:fs'
import path from 'node:path'
import { FormatError, HostError } from '../../../../core/base/errors.ts'
import { readExact, type Source } from '../../../../core/io/source.ts'
import { decodeCString } from '../../../../core/base/text.ts'
import { openFileSource } from '../../../platform/file_source.ts'

const HEADER_MAGIC_OFFSET = 0x202
const KERNEL_VERSION_OFFSET = 0x20e
/** The pointer counts from the end of the boot sector. */
const KERNEL_VERSION_BASE = 0x200
const VERSION_SIZE_MAX = 256

/**
 * Read the release of a bzImage: what `uname -r` would print.
 *
 * @throws {FormatError} if the file is not a bzImage
 */
export function readKernelRelease(file: string): string {
  using source = openFileSource(file)
  return parseKernelRelease(source)
}

/** As readKernelRelease, from any source. */
export function parseKernelRelease(source: Source): string {
  const magic = readExact(source, HEADER_MAGIC_OFFSET, 4, 'bzImage header')
  if (decodeCString(magic) !== 'HdrS')
    throw new FormatError(source.name, HEADER_MAGIC_OFFSET, 'not a bzImage: no HdrS')
  const pointer = readExact(source, KERNEL_VERSION_OFFSET, 2, 'bzImage kernel_version')
  const at = new DataView(pointer.buffer).getUint16(0, true) + KERNEL_VERSION_BASE
  const size = Math.min(VERSION_SIZE_MAX, source.size - at)
  const [release = ''] = decodeCString(readExact(source, at, size, 'bzImage version string')).split(
    ' ',
  )
  // It names folders of ours.
  if (!/^[\w.+~-]{1,64}$/.test(release))
    throw new FormatError(source.name, at, 'bzImage version string is no kernel release')
  return release
}

/**
 * Find the folder with a kernel's modules.dep.
 *
 * @param given a folder lib/modules/RELEASE, or the folder above lib/; undefined to look beside the kernel and in /
 * @throws {HostError} if there is none
 */
export function findModuleFolder(
  release: string,
  kernel: string,
  given: string | undefined,
): string {
  const below = (base: string): string[] => [
    path.join(base, 'lib/modules', release),
    path.join(base, 'usr/lib/modules', release),
  ]
  // A kernel unpacked from its package lies in boot/ or in its own module folder.
  const base = path.resolve(path.dirname(kernel), '..')
  const candidates =
    given === undefined
      ? [path.dirname(kernel), ...below('/'), ...below(base)]
      : [given, ...below(given)]
  const found = candidates.find((folder) => existsSync(path.join(folder, 'modules.dep')))
  if (found !== undefined) return found
  throw new HostError(
    `no modules.dep of ${release} (looked in ${candidates.join(', ')}): give --modules DIR`,
    'ENOENT',
  )
}
