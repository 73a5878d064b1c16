// Sizes as crash writes them.
import { formatSize } from '../base/size.ts'

/** `511.5 MB`, `4 GB`: powers of 1024 all the same. */
export function formatMemorySize(bytes: number): string {
  return formatSize(bytes).replace('iB', 'B')
}
