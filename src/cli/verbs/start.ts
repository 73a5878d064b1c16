// kbox start, as help and man page tell it.
import type { Verb } from '../verb.ts'
import { ARM_VERB_OPTIONS } from './arm_options.ts'

/** `kbox start`. */
export const start: Verb = {
  name: 'start',
  summary: 'arm the machine: build the capture initramfs and load the capture kernel',
  synopsis: '[OPTIONS]',
  description:
    'Reads /etc/kdump.conf, builds the capture initramfs if something it is made of has changed, and loads both with ' +
    'kexec_file_load(2), or with kexec_load(2) through kexec(8) where that call does not do.',
  options: ARM_VERB_OPTIONS,
  examples: [
    { command: 'kbox start', text: 'arm; run at every boot' },
    { command: 'kbox start --dry-run', text: 'what would be loaded, and why' },
  ],
  exitCodes: [
    [0, 'armed, or armed before'],
    [1, 'not armed; stderr says why'],
    [2, 'usage error'],
  ],
  load: async () => (await import('../start.ts')).startMain,
}
