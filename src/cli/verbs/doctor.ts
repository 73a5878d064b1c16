// kbox doctor, as help and man page tell it.
import type { Verb } from '../verb.ts'
import { JSON_OPTION, ROOT_OPTION } from './shared.ts'

/** `kbox doctor`. */
export const doctor: Verb = {
  name: 'doctor',
  summary: 'say beforehand whether a crash of this machine would be recorded',
  synopsis: '[--json] [--root DIR] [--export DIR]',
  description:
    'Looks at configuration, reservation, image, target, keys, watchdogs, platform and what earlier crashes left, and\n' +
    'changes nothing. Each finding has an id, what was seen and where, and what to do. Notes are no findings: they are\n' +
    'worth knowing when it comes to it, such as how to send this machine an NMI.',
  options: [
    JSON_OPTION,
    ROOT_OPTION,
    {
      flags: '--export DIR',
      text: 'also copy the facts that were looked at, for --root on another machine; no keys, no dumps',
    },
  ],
  examples: [
    { command: 'kbox doctor', text: 'as root, for what only root may read' },
    { command: 'kbox doctor --json', text: 'for a fleet: findings with ids' },
    { command: 'kbox doctor --export facts', text: 'facts for someone else to look at' },
    { command: 'kbox doctor --root facts', text: 'look at them there' },
  ],
  exitCodes: [
    [0, 'nothing is wrong'],
    [1, 'there are errors or warnings'],
    [2, 'usage error'],
  ],
  load: async () => (await import('../doctor.ts')).doctorMain,
}
