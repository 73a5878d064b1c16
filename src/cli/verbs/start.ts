// kbox start, as help and man page tell it.
import type { Verb } from '../verb.ts'

/** `kbox start`. */
export const start: Verb = {
  name: 'start',
  summary: 'arm the machine: build the capture initramfs and load the capture kernel',
  synopsis: '[OPTIONS]',
  description:
    'Reads /etc/kdump.conf, builds the capture initramfs, and loads both with kexec_file_load(2).',
  options: [
    { flags: '--config FILE', text: 'read FILE instead of /etc/kdump.conf' },
    { flags: '--kernel FILE', text: 'capture kernel (default: the running one, from /boot)' },
    { flags: '--runtime FILE', text: 'squashed Node runtime (default: where kbox is installed)' },
    { flags: '--busybox FILE', text: 'static busybox for the initramfs' },
    { flags: '--image FILE', text: 'where to write the initramfs' },
    { flags: '--append ARGS', text: 'add to the capture command line' },
    { flags: '--page-order ORDER', text: 'priority (default) or pfn' },
    { flags: '--stall-timeout S', text: 'give up when nothing is written for S seconds' },
    { flags: '--overall-timeout S', text: 'reboot after S seconds whatever happens' },
    { flags: '--hook-timeout S', text: 'kill a hook (kdump_pre and the like) after S seconds' },
    { flags: '--build-only', text: 'build the initramfs, load nothing' },
    { flags: '-v, --verbose', text: 'list what the initramfs holds' },
  ],
  examples: [{ command: 'kbox start', text: 'arm; run at every boot' }],
  exitCodes: [
    [0, 'armed, or armed before'],
    [1, 'not armed; stderr says why'],
    [2, 'usage error'],
  ],
  load: async () => (await import('../start.ts')).startMain,
}
