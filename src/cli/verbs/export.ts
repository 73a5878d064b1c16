// kbox export, as help and man page tell it.
import type { Verb } from '../verb.ts'
import { IDENTITY_OPTION, JSON_OPTION } from './shared.ts'

/** `kbox export`. */
export const exportVerb: Verb = {
  name: 'export',
  summary:
    'make a dump ready for others: filtered anew, log and report with what is private taken out',
  synopsis: '[--redact] [--level N] [--no-dump] [--identity FILE] [--json] VMCORE OUT',
  description:
    'Makes the folder OUT with the dump, its log, its report and a manifest. With --redact, addresses, host and file names,\n' +
    'mail addresses, arguments and what looks like a key are replaced in log and report, the same by the same: [ip-1];\n' +
    'redaction.json counts them. The payloads of user and logon keys are erased from the dump. The dump still is memory of\n' +
    'the machine: whoever may not see that gets --no-dump.',
  options: [
    { flags: '--redact', text: 'take out what is private' },
    { flags: '--level N', text: 'dump level, 0 to 31 (default: 31)' },
    { flags: '--no-dump', text: 'log and report alone' },
    IDENTITY_OPTION,
    JSON_OPTION,
  ],
  examples: [
    {
      command: 'kbox export --redact vmcore case-4711',
      text: 'for somebody who is to look at the dump',
    },
    {
      command: 'kbox export --redact --no-dump vmcore case-4711',
      text: 'for everybody: the story, and nothing of the memory',
    },
  ],
  exitCodes: [
    [0, 'done'],
    [1, 'the dump could not be opened or written; or done, with problems that are told'],
    [2, 'usage error'],
  ],
  load: async () => (await import('../export.ts')).exportMain,
}
