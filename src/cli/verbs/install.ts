// kbox install, as help and man page tell it.
import type { Verb } from '../verb.ts'
import { JSON_OPTION } from './shared.ts'

/** `kbox install`. */
export const install: Verb = {
  name: 'install',
  summary: 'put kbox and its systemd units onto this machine',
  synopsis: '[OPTIONS]',
  description:
    'Runs in a checkout (after make setup and scripts/build_runtime.ts) or in an unpacked tarball. Brings the\n' +
    'program, its units and man pages, and /etc/kdump.conf where there is none. Files of others are never\n' +
    'overwritten: those in the way are named and nothing is changed. Where another package has kdump.service,\n' +
    'the unit is kbox.service. Run again it updates. Nothing is enabled unless you say so.',
  options: [
    { flags: '--root DIR', text: 'install into the machine whose root is DIR' },
    { flags: '--prefix DIR', text: 'where programs go (default: /usr)' },
    { flags: '--with-node', text: "bring our own Node even if the machine's is new enough" },
    { flags: '--enable', text: 'also enable the unit, so that the machine is armed at boot' },
    { flags: '--dry-run', text: 'print what would be done to each file, do nothing' },
    JSON_OPTION,
  ],
  examples: [
    { command: 'kbox install --enable', text: 'armed from the next boot on' },
    {
      command: 'kbox install --root /mnt --dry-run',
      text: 'what would an image of a machine get?',
    },
  ],
  exitCodes: [
    [0, 'installed, or up to date'],
    [1, 'not installed; the files in the way are named'],
    [2, 'usage error'],
  ],
  load: async () => (await import('../install.ts')).installMain,
}
