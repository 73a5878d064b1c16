// kbox types, as help and man page tell it.
import type { Verb } from '../verb.ts'

/** `kbox types`. */
export const types: Verb = {
  name: 'types',
  summary: "write a vmcore's structs as types of TypeScript",
  synopsis: '[--only STRUCT,...] [-o FOLDER] VMCORE...',
  description:
    'Read from the BTF of the dumped kernel and its modules. A script compiled together with the file is checked against\n' +
    "that very kernel: task.get('mm.pgd') is known to be, task.get('mm.pdg') is an error, and an editor completes what\n" +
    'get() returns. Without the file scripts run all the same, unchecked.',
  options: [
    {
      flags: '--only STRUCT,...',
      text: 'these structs and what lies inside them; others stay unchecked',
    },
    {
      flags: '-o FOLDER',
      text: 'write FOLDER/kernel.d.ts, and unless there is one FOLDER/tsconfig.json, by which tsc and editors find it and kbox',
    },
  ],
  examples: [
    { command: 'kbox types vmcore > kernel.d.ts', text: 'every struct of that kernel' },
    {
      command: 'kbox types -o . vmcore && tsc',
      text: 'check the scripts in this folder against it',
    },
  ],
  exitCodes: [
    [0, 'written'],
    [1, 'the dump could not be opened, or has no types; one line on stderr says why'],
    [2, 'usage error'],
  ],
  load: async () => (await import('../types.ts')).typesMain,
}
