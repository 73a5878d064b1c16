// kbox crash, as help and man page tell it.
import type { Verb } from '../verb.ts'
import { DUMP_EXIT_CODES, IDENTITY_OPTION, JSON_OPTION } from './shared.ts'

/** `kbox crash`. */
export const crash: Verb = {
  name: 'crash',
  summary: 'examine a vmcore with the commands of crash(8), without debuginfo',
  synopsis: '[OPTIONS] [VMLINUX|SYSTEM.MAP] [VMCORE...]',
  description:
    'Symbols, types and unwind tables are read out of the dump itself. A VMLINUX or SYSTEM.MAP is not needed;\n' +
    'where a dump has no symbols (kernels before 6.0, or without CONFIG_KALLSYMS_ALL) it supplies them. One of\n' +
    'another kernel is refused. Without -c and -i an interactive session starts. The files of a split dump are\n' +
    'given together, in any order. Without a VMCORE the running kernel is examined (/proc/kcore, as root).',
  options: [
    { flags: "-c 'CMD; CMD'", text: 'run commands and exit' },
    { flags: '-i FILE', text: 'run the commands of FILE, then go on interactively' },
    { flags: '-s', text: 'silent: no banner' },
    IDENTITY_OPTION,
    JSON_OPTION,
  ],
  examples: [
    { command: 'kbox crash vmcore', text: "an interactive session; 'help' lists the commands" },
    {
      command: "kbox crash vmcore -c 'bt; ps'",
      text: 'backtrace of the panic task, then all tasks',
    },
    { command: 'kbox crash', text: 'the kernel that runs, as root' },
    { command: 'kbox crash System.map vmcore', text: "an old kernel's dump, with its symbols" },
    { command: 'kbox crash part1 part2 part3', text: 'the dump that makedumpfile --split wrote' },
    { command: 'kbox crash vmcore --json -c ps', text: 'the same data for programs' },
  ],
  exitCodes: DUMP_EXIT_CODES,
  load: async () => (await import('../crash.ts')).crashMain,
}
