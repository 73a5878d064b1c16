// Opening a dump from a script.
import type { Program } from '../core/program/program.ts'
import { openFiles } from './open_files.ts'

let given: readonly string[] = []

/**
 * Open a dump; `using program = open('vmcore')` closes its files at the end of the block.
 *
 * @param paths the dump, or the files of a split dump in any order, with a vmlinux or System.map where it has no symbols;
 *   none: what `kbox run` was given, else the running kernel
 * @throws {UsageError} if the files do not belong together, or there is none and the running kernel cannot be read
 * @throws {HostError} if a file cannot be opened
 * @throws {FormatError} if the file is no dump, is damaged, or has no VMCOREINFO
 * @throws {UnsupportedError} if its architecture or variant is not read yet
 */
export function open(...paths: readonly string[]): Program {
  return openFiles(paths.length > 0 ? paths : given).program
}

/** Say what open() opens where it is called without a path. @internal */
export function setGivenDump(paths: readonly string[]): void {
  given = paths
}
