// kbox restart, as help and man page tell it.
import type { Verb } from '../verb.ts'
import { ARM_VERB_OPTIONS } from './arm_options.ts'

/** `kbox restart`. */
export const restart: Verb = {
  name: 'restart',
  summary: 'load what the configuration says now, in place of what is loaded',
  synopsis: '[OPTIONS]',
  description:
    'Like start, but also when the machine is armed. What is loaded stays until everything was checked; if the kernel then ' +
    'refuses the new image, the one that was loaded last is loaded again.',
  options: ARM_VERB_OPTIONS,
  examples: [{ command: 'kbox restart', text: 'after a change of kdump.conf' }],
  exitCodes: [
    [0, 'the new image is loaded'],
    [1, 'it is not; stderr says why, and whether the old one still is'],
    [2, 'usage error'],
  ],
  load: async () => (await import('../restart.ts')).restartMain,
}
