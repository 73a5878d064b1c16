// kbox test, as help and man page tell it.
import type { Verb } from '../verb.ts'

/** `kbox test`. */
export const test: Verb = {
  name: 'test',
  summary: 'crash this machine, to prove that its dumps arrive',
  synopsis: '[--force] [--no-crash]',
  description:
    'Loads what is loaded again with an id on its command line, notes the test, and crashes the machine as the crash\n' +
    'key does. After the reboot kbox status and kbox start look for the dump with that id and say how the test went.\n' +
    'Everything that runs on the machine is lost; kbox rehearse tries the same in a virtual machine.',
  options: [
    { flags: '--force', text: 'do not ask' },
    {
      flags: '--no-crash',
      text: 'let the next crash be the test: provoke it yourself, by an NMI for instance',
    },
  ],
  examples: [
    {
      command: 'kbox test',
      text: 'DANGER!!! Will perform a kdump test by crashing the system, proceed? (y/N):',
    },
    { command: 'kbox status', text: 'kdump: Notice: Last successful vmcore creation test on …' },
  ],
  exitCodes: [
    [0, 'cancelled, or prepared by --no-crash; a test itself does not return'],
    [1, 'no test: nothing is loaded, or the machine did not crash'],
    [2, 'usage error'],
  ],
  load: async () => (await import('../test.ts')).testMain,
}
