// kbox collect, as help and man page tell it.
import type { Verb } from '../verb.ts'
import { ROOT_OPTION } from './shared.ts'

/** `kbox collect`. */
export const collect: Verb = {
  name: 'collect',
  summary:
    'collect what the last crash left: the log from the breadcrumbs, the dump from a raw target',
  synopsis: '[--config FILE] [--root DIR] [--shutdown | --report]',
  description:
    'Run at boot, by kbox start too. Saves the log as vmcore-dmesg.txt below the path of kdump.conf, turns the dump of a raw target into a vmcore there, notes for kbox last what happened, and makes room for the next crash. Run again, it does nothing.',
  options: [
    { flags: '--config FILE', text: "read FILE instead of the machine's configuration" },
    ROOT_OPTION,
    {
      flags: '--report',
      text: 'collect nothing; sign the newest dumps (sign_key), write the reports that are missing beside them (auto_report), and remove dumps that are not to be kept (retain_*)',
    },
    {
      flags: '--shutdown',
      text: "collect nothing; note that the machine goes down by somebody's wish, not by a crash",
    },
  ],
  examples: [
    { command: 'kbox collect', text: 'after a reboot; the unit kbox-collect.service does it' },
    {
      command: 'kbox collect --report',
      text: 'then, in the background; the unit kbox-report.service does it',
    },
  ],
  exitCodes: [
    [0, 'done, or nothing to do'],
    [1, 'no usable configuration'],
    [2, 'usage error'],
  ],
  load: async () => (await import('../collect.ts')).collectMain,
}
