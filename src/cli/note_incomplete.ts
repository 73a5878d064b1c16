// What every verb that explains a dump says first of one that is not whole.
import type { Dump } from '../core/dump/dump_format.ts'

/** Say on stderr what a dump lacks; nothing if it is whole. */
export function noteIncomplete({ file, incomplete, incompleteReason }: Dump): void {
  if (!incomplete) return
  const reason = incompleteReason ?? `${file}: pages are missing`
  process.stderr.write(`kbox: the dump is incomplete: ${reason}\n`)
}
