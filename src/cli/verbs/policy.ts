// kbox policy, as help and man page tell it.
import type { Verb } from '../verb.ts'
import { JSON_OPTION, ROOT_OPTION } from './shared.ts'

/** `kbox policy`. */
export const policy: Verb = {
  name: 'policy',
  summary: 'show or set what turns hangs and errors into panics, and so into dumps',
  synopsis: '[show | set NAME=VALUE... | set --recommended] [OPTIONS]',
  description:
    'show prints each setting with its value now, the file or word of the command line that sets it at boot, and\n' +
    'what is recommended for a machine that is to leave dumps.\n' +
    'set writes /etc/sysctl.d/99-kbox-policy.conf and makes it true at once. Names may be given with or without\n' +
    'kernel. in front.',
  options: [
    {
      flags: '--recommended',
      text: 'set everything that is not as recommended; NAME=VALUE goes before',
    },
    JSON_OPTION,
    ROOT_OPTION,
  ],
  examples: [
    { command: 'kbox policy', text: '! kernel.panic_on_oops 0 … recommended 1: …' },
    {
      command: 'kbox policy set panic_on_oops=1 softlockup_panic=1',
      text: 'now and after each boot',
    },
    {
      command: 'kbox policy set --recommended hung_task_panic=1',
      text: 'all of it, to hunt a hang',
    },
  ],
  exitCodes: [
    [0, 'shown or set'],
    [1, 'this kernel lacks a name or refuses a value; stderr says why'],
    [2, 'usage error'],
  ],
  load: async () => (await import('../policy.ts')).policyMain,
}
