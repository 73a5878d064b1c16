// kbox rebuild, as help and man page tell it.
import type { Verb } from '../verb.ts'
import { ARM_VERB_OPTIONS } from './arm_options.ts'

/** `kbox rebuild`. */
export const rebuild: Verb = {
  name: 'rebuild',
  summary: 'build the capture initramfs, whether or not anything has changed',
  synopsis: '[OPTIONS]',
  description:
    'Loads nothing. Beside the image lies IMAGE.json, which names all it was made of with their SHA-256: that is how start ' +
    'and restart see what has changed.',
  options: ARM_VERB_OPTIONS.filter(({ flags }) => !/^--(append|build-only)/.test(flags)),
  examples: [{ command: 'kbox rebuild --verbose', text: 'what is in it, by size' }],
  exitCodes: [
    [0, 'built'],
    [1, 'not built; stderr says why'],
    [2, 'usage error'],
  ],
  load: async () => (await import('../rebuild.ts')).rebuildMain,
}
