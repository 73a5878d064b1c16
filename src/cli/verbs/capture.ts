// kbox capture, as help and man page tell it.
import type { Verb } from '../verb.ts'

/** `kbox capture`. */
export const capture: Verb = {
  name: 'capture',
  summary: 'record a crash; run by /init of the capture kernel',
  synopsis: '[--config FILE] [--again]',
  description:
    'Writes vmcore-dmesg.txt, then the vmcore, then reboots. On a real machine it does not return.',
  options: [
    { flags: '--config FILE', text: 'what kbox start planned' },
    { flags: '--again', text: 'a recorder was killed before: leave out the hooks that have run' },
  ],
  examples: [{ command: 'kbox capture', text: 'only inside a capture kernel' }],
  exitCodes: [
    [0, 'saved'],
    [1, 'not saved'],
  ],
  internal: true,
  load: async () => (await import('../capture.ts')).captureMain,
}
