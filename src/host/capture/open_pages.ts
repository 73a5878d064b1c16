// Opening a dump by its path, here or in a thread of its own.
import { openDump } from '../../core/dump/formats.ts'
import type { Dump } from '../../core/dump/dump_format.ts'
import { openFileSource } from '../platform/file_source.ts'
import { openVmcoreSource } from '../platform/mmap_source.ts'

/** Where a dump is, and how it is read. */
export interface DumpPath {
  readonly file: string
  /** False reads /proc/vmcore without mapping it. */
  readonly useMmap: boolean
}

/** Open a dump. @throws {KdumpError} if that is not one */
export function openDumpPath({ file, useMmap }: DumpPath): Dump {
  const source = useMmap ? openVmcoreSource(file) : openFileSource(file)
  try {
    return openDump(source)
  } catch (error) {
    source[Symbol.dispose]()
    throw error
  }
}
