// A pinned dump stays, whatever is removed around it: a case that is still open, or evidence. The mark is a file beside it,
// which says who wants it kept and why.
import { rmSync } from 'node:fs'
import path from 'node:path'
import { renameDurably, writeDurably } from '../../platform/durable_file.ts'

/** Name of the mark. */
export const PINNED = 'pinned'

/** Pin a dump. @param note who, when and why, for people */
export function pinDump(directory: string, note: string): void {
  const file = path.join(directory, PINNED)
  writeDurably(`${file}.tmp`, [`${note}\n`])
  renameDurably(`${file}.tmp`, file)
}

/** Take the mark away. */
export function unpinDump(directory: string): void {
  rmSync(path.join(directory, PINNED), { force: true })
}
