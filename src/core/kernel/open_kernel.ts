// From files to a Linux kernel: the one place that joins dump, program and kernel.
import { FaultError, FormatError } from '../base/errors.ts'
import type { Namelist } from '../debuginfo/namelist.ts'
import type { Dump } from '../dump/dump_format.ts'
import { openDump } from '../dump/formats.ts'
import { blockCache } from '../io/block_cache.ts'
import type { Source } from '../io/source.ts'
import { Program } from '../program/program.ts'
import { generatedText } from './generated_text.ts'
import { loadModules } from './module.ts'

/** What a dump is opened with. */
export interface OpenOptions {
  /** The other files of a split dump, in any order. */
  readonly parts?: readonly Source[]
  /** A vmlinux or System.map, read by readNamelist(). */
  readonly namelist?: Namelist
}

/**
 * Open a dump as a Linux kernel.
 *
 * @throws {FormatError} if the file is no dump, is damaged, or has no VMCOREINFO
 * @throws {UnsupportedError} if its architecture or variant is not read yet
 * @throws {UsageError} if the files are not the parts of one dump, or the namelist is of another kernel
 * @internal
 */
export function openKernel(source: Source, { parts = [], namelist }: OpenOptions = {}): Program {
  const dump = openDump(source, { parts, cache: blockCache })
  try {
    return new Program(dump, { loadModules, generatedText, ...(namelist ? { namelist } : {}) })
  } catch (cause) {
    throw lostPages(dump, cause)
  }
}

/** Without its page tables a dump cannot be read; that they are in another file says more than their address. */
function lostPages(dump: Dump, cause: unknown): unknown {
  const { incompleteReason } = dump
  const isLost = cause instanceof FaultError && cause.reason === 'truncated'
  if (!isLost || incompleteReason === undefined) return cause
  return new FormatError(dump.file, 0, `too much is missing: ${incompleteReason}`, { cause })
}
