// kbox dump, as help and man page tell it.
import type { Verb } from '../verb.ts'
import { IDENTITY_OPTION, JSON_OPTION } from './shared.ts'

/** `kbox dump`. */
export const dump: Verb = {
  name: 'dump',
  summary: "tell all about a dump's file",
  synopsis: 'info [--identity FILE] [--json] FILE...',
  description:
    'Format, kernel, memory, dump level, codecs with their pages and bytes, notes, VMCOREINFO, and whether\n' +
    'anything is missing. Each file is described by itself, the parts of a split dump as well.',
  options: [IDENTITY_OPTION, JSON_OPTION],
  examples: [
    { command: 'kbox dump info vmcore', text: 'what is it, and is it whole?' },
    {
      command: "kbox dump info --json vmcore | jq '.dumps[0].completeness'",
      text: 'the same for programs',
    },
  ],
  exitCodes: [
    [0, 'every file is described'],
    [1, 'a file could not be opened; one line on stderr says why'],
    [2, 'usage error'],
  ],
  load: async () => (await import('../dump.ts')).dumpMain,
}
