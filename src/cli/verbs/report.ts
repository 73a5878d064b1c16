// kbox report, as help and man page tell it.
import type { Verb } from '../verb.ts'
import { DUMP_EXIT_CODES, IDENTITY_OPTION } from './shared.ts'

/** `kbox report`. */
export const report: Verb = {
  name: 'report',
  summary: 'tell why a machine died',
  synopsis: '[--identity FILE] [--html FILE] [--md FILE] [--text FILE] [--json [FILE]] VMCORE...',
  description:
    'Says why the kernel died, who is to blame, how sure that is, on what evidence, and what to do next; then who waits for\n' +
    'whom, the state of memory, CPUs, I/O and network, the stacks of all tasks, and the log. Several dumps are the parts of a\n' +
    'split one. Without options it is text on standard output; each option writes a form of it, all from one look at the dump.\n' +
    'A report quotes memory and the log: files are readable by their owner only, and are replaced at once or not at all.\n' +
    'The JSON is described by docs/report.schema.json.',
  options: [
    {
      flags: '--html FILE',
      text: 'one self-contained page: needs no network, and no script to be read',
    },
    { flags: '--md FILE', text: 'Markdown, for tickets' },
    { flags: '--text FILE', text: 'as without options' },
    {
      flags: '--json [FILE]',
      text: 'for programs; on standard output unless a name that ends in .json follows, or any name behind VMCORE',
    },
    IDENTITY_OPTION,
  ],
  examples: [
    {
      command: 'kbox report /var/crash/127.0.0.1-2026-11-22-10:00:00/vmcore',
      text: 'read it as text',
    },
    {
      command: 'kbox report vmcore --html report.html --json report.json',
      text: 'a page for people, and the same for programs; - as a FILE is standard output',
    },
    {
      command: "kbox report --json vmcore | jq -r '.verdict.title, .signature.loose'",
      text: 'why it died, and by what to know it again',
    },
  ],
  exitCodes: DUMP_EXIT_CODES,
  load: async () => (await import('../report.ts')).reportMain,
}
