// kbox report, as help and man page tell it.
import type { Verb } from '../verb.ts'
import { DUMP_EXIT_CODES, IDENTITY_OPTION, JSON_OPTION } from './shared.ts'

/** `kbox report`. */
export const report: Verb = {
  name: 'report',
  summary: 'tell the story of a crash',
  synopsis: '[--identity FILE] [--json] VMCORE...',
  description:
    'Says what died, why as far as known, the exact backtrace, tasks by state and the last log lines.\n' +
    'Several files are the parts of a split dump.',
  options: [IDENTITY_OPTION, JSON_OPTION],
  examples: [
    {
      command: 'kbox report /var/crash/127.0.0.1-2026-11-22-10:00:00/vmcore',
      text: 'read it as text',
    },
  ],
  exitCodes: DUMP_EXIT_CODES,
  load: async () => (await import('../report.ts')).reportMain,
}
