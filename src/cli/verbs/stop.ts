// kbox stop, as help and man page tell it.
import type { Verb } from '../verb.ts'

/** `kbox stop`. */
export const stop: Verb = {
  name: 'stop',
  summary: 'disarm: unload the capture kernel',
  synopsis: '',
  description: 'The reservation stays; only what was loaded into it goes.',
  options: [],
  examples: [{ command: 'kbox stop', text: 'a crash now loses its dump' }],
  exitCodes: [
    [0, 'unloaded'],
    [1, 'failed; stderr says why'],
  ],
  load: async () => (await import('../stop.ts')).stopMain,
}
