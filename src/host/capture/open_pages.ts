// Opening a dump by its path, here or in a thread of its own.
import { UsageError } from '../../core/base/errors.ts'
import { openDump } from '../../core/dump/formats.ts'
import type { Dump } from '../../core/dump/dump_format.ts'
import type { Source } from '../../core/io/source.ts'
import { openDumpFile } from '../platform/age/unlock.ts'
import { openVmcoreSource } from '../platform/mmap_source.ts'

/** Where a dump is, and how it is read. */
export interface DumpPath {
  /** Several only where they are the parts of one dump. */
  readonly files: readonly string[]
  /** False reads /proc/vmcore without mapping it. */
  readonly useMmap: boolean
}

/** Open a dump. @throws {KdumpError} if that is not one */
export function openDumpPath({ files, useMmap }: DumpPath): Dump {
  const sources: Source[] = []
  try {
    for (const file of files) sources.push(useMmap ? openVmcoreSource(file) : openDumpFile(file))
    const [source, ...parts] = sources
    if (!source) throw new UsageError('no dump named')
    return openDump(source, { parts })
  } catch (error) {
    for (const source of sources) source[Symbol.dispose]()
    throw error
  }
}
