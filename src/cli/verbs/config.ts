// kbox config, as help and man page tell it.
import type { Verb } from '../verb.ts'
import { ROOT_OPTION } from './shared.ts'

/** `kbox config`. */
export const config: Verb = {
  name: 'config',
  summary: 'check, show or convert the kdump configuration',
  synopsis: 'check|show|convert [OPTIONS] [FILE]',
  description:
    'check prints what is wrong with a configuration, with line and column, and what to write instead.\n' +
    'show prints what it means, every default included, and where each value comes from.\n' +
    'convert writes the same in another dialect, with a comment for what has no counterpart there.\n' +
    'FILE is /etc/kdump.conf if there is one, else /etc/default/kdump-tools (Debian), else /etc/sysconfig/kdump (SUSE);\n' +
    "beside kdump.conf, Red Hat's /etc/sysconfig/kdump is read too. docs/kdump_conf.md explains every directive.",
  options: [
    {
      flags: '--from DIALECT',
      text: 'dialect of FILE: kdump.conf, debian or suse (default: by content)',
    },
    { flags: '--to DIALECT', text: 'convert to it (default: kdump.conf)' },
    { flags: '--json', text: 'print JSON instead of text' },
    ROOT_OPTION,
  ],
  examples: [
    { command: 'kbox config check', text: '/etc/kdump.conf: 0 errors, 0 warnings' },
    { command: 'kbox config show --json | jq .settings', text: 'every setting and its source' },
    {
      command: 'kbox config convert --to kdump.conf /etc/default/kdump-tools > /etc/kdump.conf',
      text: "move from Debian's file to kdump.conf",
    },
  ],
  exitCodes: [
    [0, 'good; warnings may have been printed'],
    [1, 'there are errors, or there is no configuration'],
    [2, 'usage error'],
  ],
  load: async () => (await import('../config.ts')).configMain,
}
