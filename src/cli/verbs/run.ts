// kbox run, as help and man page tell it.
import type { Verb } from '../verb.ts'
import { IDENTITY_OPTION } from './shared.ts'

/** `kbox run`. */
export const run: Verb = {
  name: 'run',
  summary: 'run a script of TypeScript over a vmcore',
  synopsis: '[-e CODE | SCRIPT] [VMLINUX|SYSTEM.MAP] [VMCORE...] [-- ARGUMENT...]',
  description:
    "The script says import { open, forEachTask } from 'kbox'; open() opens the VMCORE named here (none: the\n" +
    "running kernel), open('FILE') another.\n" +
    "Helpers have the names of the kernel's functions; docs/api.md lists them, docs/cookbook.md shows them at work, and\n" +
    'every command of kbox crash prints its own script for --code. Types are stripped, not checked: kbox types writes\n' +
    'those of a kernel for tsc and editors. Arguments are process.argv from the third on.',
  options: [
    { flags: '-e CODE', text: 'run this code instead of a file' },
    IDENTITY_OPTION,
    { flags: '-', text: 'as SCRIPT: read it from standard input' },
  ],
  examples: [
    { command: 'kbox run who.ts vmcore -- 42', text: "run who.ts; process.argv[2] is '42'" },
    {
      command:
        'kbox run -e "import { open, panicMessage } from \'kbox\'; console.log(panicMessage(open()))" vmcore',
      text: 'one line is a script too',
    },
    {
      command: "kbox crash -s -c 'files --code' vmcore | kbox run - vmcore",
      text: 'the script a command stands for, run',
    },
  ],
  exitCodes: [
    [0, "done; or the script's own exit code"],
    [1, 'the script failed; its file and line are on stderr'],
    [2, 'usage error'],
  ],
  load: async () => (await import('../run.ts')).runMain,
}
