// Flattened files: a dump of any format, written to a pipe. Source: makedumpfile IMPLEMENTATION, "Flattened format".
import { flattenedSource, isFlattened } from '../io/flattened_source.ts'
import type { DumpContainer } from './dump_format.ts'

/** What makedumpfile -F and QEMU write to a pipe. */
export const flattened: DumpContainer = {
  name: 'flattened',
  probe: isFlattened,
  open: flattenedSource,
}
