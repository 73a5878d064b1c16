// Opening a dump from a script: files by path, decompression by native code where it is there.
import { UsageError } from '../core/base/errors.ts'
import { openKernel } from '../core/kernel/open_kernel.ts'
import type { Program } from '../core/program/program.ts'
import { openFileSource } from '../host/platform/file_source.ts'
import { registerDisassemblers } from '../host/platform/iced_x86.ts'
import { registerNativeCodecs } from '../host/platform/native_codecs.ts'

let given: readonly string[] = []

/**
 * Open a dump; `using program = open('vmcore')` closes its files at the end of the block.
 *
 * @param paths the dump, or the files of a split dump in any order; none: what `kbox run` was given
 * @throws {UsageError} if there is no path, or the files are not the parts of one dump
 * @throws {HostError} if a file cannot be opened
 * @throws {FormatError} if the file is no dump, is damaged, or has no VMCOREINFO
 * @throws {UnsupportedError} if its architecture or variant is not read yet
 */
export function open(...paths: readonly string[]): Program {
  const [first, ...parts] = paths.length > 0 ? paths : given
  if (first === undefined)
    throw new UsageError("open() needs a dump: open('vmcore'), or kbox run SCRIPT VMCORE")
  registerNativeCodecs()
  registerDisassemblers()
  return openKernel(openFileSource(first), {
    parts: parts.map((path) => openFileSource(path)),
  })
}

/** Say what open() opens where it is called without a path. @internal */
export function setGivenDump(paths: readonly string[]): void {
  given = paths
}
