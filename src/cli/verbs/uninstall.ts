// kbox uninstall, as help and man page tell it.
import type { Verb } from '../verb.ts'
import { JSON_OPTION } from './shared.ts'

/** `kbox uninstall`. */
export const uninstall: Verb = {
  name: 'uninstall',
  summary: 'remove what kbox install brought',
  synopsis: '[OPTIONS]',
  description:
    'Disarms the machine, disables the unit and removes the files that kbox install noted. A file that was\n' +
    'changed since stays, and so do dumps and /var/lib/kdump.',
  options: [
    { flags: '--root DIR', text: 'remove it from the machine whose root is DIR' },
    { flags: '--prefix DIR', text: 'the prefix it was installed with (default: /usr)' },
    { flags: '--dry-run', text: 'count the files, remove none' },
    JSON_OPTION,
  ],
  examples: [{ command: 'kbox uninstall', text: 'the machine is as it was' }],
  exitCodes: [
    [0, 'removed'],
    [1, 'not installed, or it could not be disarmed; stderr says why'],
    [2, 'usage error'],
  ],
  load: async () => (await import('../install.ts')).uninstallMain,
}
