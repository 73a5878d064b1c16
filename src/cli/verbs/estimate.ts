// kbox estimate, as help and man page tell it.
import type { Verb } from '../verb.ts'
import { JSON_OPTION, ROOT_OPTION } from './shared.ts'

/** `kbox estimate`. */
export const estimate: Verb = {
  name: 'estimate',
  summary:
    'say how much memory the capture kernel needs: by terms, or measured in a virtual machine',
  synopsis: '[--json] [--root DIR] | --measure [OPTIONS]',
  description:
    "Prints kdumpctl's lines, then each term with its reason. --measure rehearses the crash with ever closer sizes of\n" +
    'crashkernel=, 8 MB apart, and prints the smallest that works with this kernel, configuration and target, and\n' +
    'how far it is from what is reserved. A measurement takes some five rehearsals.',
  options: [
    { flags: '--measure', text: 'measure in virtual machines instead of adding up' },
    { flags: '--kernel FILE', text: 'the kernel (default: the running one)' },
    { flags: '--modules DIR', text: '--measure: its modules (default: /lib/modules/VERSION)' },
    { flags: '--config FILE', text: 'kdump.conf (default: /etc/kdump.conf)' },
    {
      flags: '--image FILE',
      text: 'capture initramfs (default: the one kbox start built; else one is built)',
    },
    { flags: '--start SIZE', text: '--measure: tried first (default: 192M)' },
    { flags: '--memory SIZE', text: '--measure: memory of the virtual machine (default: 512M)' },
    { flags: '--cpus N', text: '--measure: its CPUs (default: 2)' },
    { flags: '--runtime FILE', text: 'squashed Node runtime (default: where kbox is installed)' },
    { flags: '--timeout S', text: '--measure: for each rehearsal (default: 300)' },
    JSON_OPTION,
    ROOT_OPTION,
  ],
  examples: [
    { command: 'kbox estimate', text: 'is the reservation large enough?' },
    {
      command: 'kbox estimate --measure',
      text: 'the smallest crashkernel= that works; reserve 16 MB more',
    },
  ],
  exitCodes: [
    [0, 'estimated, or measured'],
    [1, 'not estimated; or no size worked'],
    [2, 'usage error'],
  ],
  load: async () => (await import('../estimate.ts')).estimateMain,
}
