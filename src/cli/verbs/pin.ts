// kbox pin, as help and man page tell it.
import type { Verb } from '../verb.ts'

/** `kbox pin`. */
export const pin: Verb = {
  name: 'pin',
  summary: 'keep a dump whatever the retention of kdump.conf says',
  synopsis: '[--why TEXT | --remove] DIR...',
  description:
    "Writes a file 'pinned' beside the dump, with who, when and why. A pinned dump is never removed by kbox prune or after a\n" +
    'boot.',
  options: [
    { flags: '--why TEXT', text: 'the case it belongs to' },
    { flags: '--remove', text: 'pin it no longer' },
  ],
  examples: [
    {
      command: "kbox pin --why 'case 4711' /var/crash/127.0.0.1-2026-11-22-10:00:00",
      text: 'keep it until it is unpinned',
    },
  ],
  exitCodes: [
    [0, 'done'],
    [1, 'a folder is no dump, or cannot be written to'],
    [2, 'usage error'],
  ],
  load: async () => (await import('../pin.ts')).pinMain,
}
