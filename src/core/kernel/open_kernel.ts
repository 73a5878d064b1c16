// From a file to a Linux kernel: the one place that joins dump, program and kernel.
import type { Source } from '../io/source.ts'
import { openDump } from '../dump/formats.ts'
import { blockCache } from '../io/block_cache.ts'
import { Program } from '../program/program.ts'
import { loadModules } from './module.ts'

/**
 * Open a dump as a Linux kernel.
 *
 * @throws {FormatError} if the file is no dump, is damaged, or has no VMCOREINFO
 * @throws {UnsupportedError} if its architecture or variant is not read yet
 */
export function openKernel(source: Source): Program {
  return new Program(openDump(blockCache(source)), { loadModules })
}
