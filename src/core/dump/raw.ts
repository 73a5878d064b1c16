// Plain memory: byte n of the file is byte n of the machine (LiME's "padded", dd of /dev/mem, QEMU's pmemsave 0).
// Nothing tells such a file from any other, so that it is no format to probe for: it is one if there is a kernel inside.
import type { Source } from '../io/source.ts'
import type { Dump } from './dump_format.ts'
import { locateKernel } from './locate_kernel.ts'
import { memoryDump } from './memory_dump.ts'

const PAGE_SIZE = 4096

/**
 * Open a file of unknown kind as memory. Costs a look at all of it if it is none.
 *
 * @returns why it is none, as a string
 */
export function openRaw(source: Source): Dump | string {
  if (source.size < PAGE_SIZE) return 'less than a page'
  const segment = { start: 0, fileEnd: source.size, memEnd: source.size, offset: 0 }
  const facts = { format: 'raw', littleEndian: true, isCut: false }
  const dump = locateKernel(memoryDump(source, [segment], facts))
  return dump.vmcoreinfo ? dump : (dump.kernelSearch ?? '')
}
