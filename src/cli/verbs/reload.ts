// kbox reload, as help and man page tell it.
import type { Verb } from '../verb.ts'

/** `kbox reload`. */
export const reload: Verb = {
  name: 'reload',
  summary: 'load again what is loaded, after CPUs or memory have changed',
  synopsis: '[--append ARGS] [--debounced]',
  description:
    'Reads no kdump.conf and builds nothing. Kernels that keep track of CPUs and memory themselves ' +
    '(/sys/devices/system/cpu/crash_hotplug) need it never; for others a udev rule runs it.',
  options: [
    { flags: '--append ARGS', text: 'add to the capture command line, until the next start' },
    {
      flags: '--debounced',
      text: 'wait until events have ceased, once for all of them; do nothing where it is not needed',
    },
  ],
  examples: [{ command: 'kbox reload', text: 'after memory was added' }],
  exitCodes: [
    [0, 'loaded again, or not needed'],
    [1, 'not; stderr says why, and what is loaded now'],
    [2, 'usage error'],
  ],
  load: async () => (await import('../reload.ts')).reloadMain,
}
