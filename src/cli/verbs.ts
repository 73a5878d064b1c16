// The registry of verbs, in the order a newcomer should meet them.
import type { Verb } from './verb.ts'

const DUMP_EXIT_CODES = [
  [0, 'done'],
  [1, 'the dump could not be opened or written; one line on stderr says why'],
  [2, 'usage error'],
] as const

const JSON_OPTION = { flags: '--json', text: 'print JSON instead of text' } as const
const ROOT_OPTION = {
  flags: '--root DIR',
  text: 'read the facts (sys, proc) below DIR instead of /',
} as const

const crash: Verb = {
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
  load: async () => (await import('./crash.ts')).crashMain,
}

const run: Verb = {
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
  load: async () => (await import('./run.ts')).runMain,
}

const types: Verb = {
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
  load: async () => (await import('./types.ts')).typesMain,
}

const report: Verb = {
  name: 'report',
  summary: 'tell the story of a crash',
  synopsis: '[--json] VMCORE...',
  description:
    'Says what died, why as far as known, the exact backtrace, tasks by state and the last log lines.\n' +
    'Several files are the parts of a split dump.',
  options: [JSON_OPTION],
  examples: [
    {
      command: 'kbox report /var/crash/127.0.0.1-2026-11-22-10:00:00/vmcore',
      text: 'read it as text',
    },
  ],
  exitCodes: DUMP_EXIT_CODES,
  load: async () => (await import('./report.ts')).reportMain,
}

const dump: Verb = {
  name: 'dump',
  summary: "tell all about a dump's file",
  synopsis: 'info [--json] FILE...',
  description:
    'Format, kernel, memory, dump level, codecs with their pages and bytes, notes, VMCOREINFO, and whether\n' +
    'anything is missing. Each file is described by itself, the parts of a split dump as well.',
  options: [JSON_OPTION],
  examples: [
    { command: 'kbox dump info vmcore', text: 'what is it, and is it whole?' },
    {
      command: "kbox dump info --json vmcore | jq '.dumps[0].completeness'",
      text: 'the same for programs',
    },
  ],
  exitCodes: [
    [0, 'every file is described'],
    [1, 'a file could not be opened; one line on stderr says why'],
    [2, 'usage error'],
  ],
  load: async () => (await import('./dump.ts')).dumpMain,
}

const makedumpfile: Verb = {
  name: 'makedumpfile',
  summary: 'filter and compress a vmcore, with the options of makedumpfile(8)',
  synopsis: '[-c|-l|-p|-z|-E] [-d LEVEL] [OPTIONS] VMCORE DUMPFILE...',
  description:
    'Writes a kdump-compressed file that crash, drgn and makedumpfile read. Page data is written in order of\n' +
    "importance, so that a file cut short still opens; --page-order pfn gives makedumpfile's order. Before a page\n" +
    "is left out, the page array is checked against the kernel's own types and counters; what fails its check stays.\n" +
    'Reads dumps of every format that kbox opens.',
  options: [
    { flags: '-c', text: 'compress with zlib' },
    { flags: '-l', text: 'compress with LZO' },
    { flags: '-p', text: 'compress with snappy' },
    { flags: '-z', text: 'compress with zstd' },
    { flags: '-E', text: 'write ELF, uncompressed' },
    {
      flags: '-d LEVEL[,LEVEL...]',
      text: 'leave out: 1 zero pages, 2 cache, 4 private cache, 8 user data, 16 free pages (sum); the next level is tried when the target is too small',
    },
    { flags: '-L SIZE', text: 'write at most SIZE bytes' },
    { flags: '-f', text: 'overwrite DUMPFILE' },
    { flags: '-F', text: 'write a flattened stream to stdout; no DUMPFILE then' },
    { flags: '-R', text: 'write the flattened stream of stdin to DUMPFILE; no VMCORE then' },
    { flags: '--split', text: 'write several DUMPFILEs, each with a part of the frames' },
    { flags: '--splitblock-size KB', text: 'parts begin at multiples of so much memory' },
    { flags: '--reassemble', text: 'join the parts PART... into DUMPFILE' },
    {
      flags: '--num-threads N',
      text: 'compress in N threads (default: as many as CPUs, for 4 GB of memory and more)',
    },
    {
      flags: '--config FILE',
      text: 'erase what the rules of FILE say (makedumpfile.conf(5)); no vmlinux needed',
    },
    { flags: '--dump-dmesg', text: 'write the log to DUMPFILE instead' },
    { flags: '--partial-dmesg', text: 'of the log, only what came since it was last cleared' },
    {
      flags: '--mem-usage',
      text: 'count pages by class and predict dump sizes; VMCORE may be /proc/kcore',
    },
    {
      flags: '--dry-run',
      text: 'write nothing, say how large the dump would be, and predict other sizes',
    },
    { flags: '--vtop ADDRESS', text: 'translate a kernel address first' },
    {
      flags: '-g FILE',
      text: "write the text of VMCORE's (or the running kernel's) VMCOREINFO to FILE",
    },
    { flags: '-i FILE', text: 'take VMCOREINFO from FILE' },
    {
      flags: '-x VMLINUX',
      text: 'refuse (exit code 2) if VMLINUX is of another kernel; nothing else is needed of it',
    },
    { flags: '--page-order ORDER', text: 'priority (default) or pfn' },
    {
      flags: '--message-level N',
      text: 'sum of 1 progress, 2 common, 4 errors, 8 debug, 16 report (default: 7)',
    },
    { flags: '-D', text: 'message level + 8' },
    { flags: '--show-stats', text: 'message level + 16: pages by class' },
    { flags: '--non-mmap', text: 'read /proc/vmcore instead of mapping it' },
    { flags: '--check-params', text: 'check the command line and end' },
    { flags: '--cyclic-buffer, --work-dir, -b', text: 'accepted, and said to change nothing' },
    { flags: '-h', text: 'this help' },
    { flags: '-v', text: 'version and compressions' },
  ],
  examples: [
    {
      command: 'kbox makedumpfile -z -d 31 /proc/vmcore dump',
      text: 'what a capture kernel does',
    },
    {
      command: 'kbox makedumpfile -l -d 31 vmcore.elf vmcore',
      text: 'shrink a raw copy',
    },
    {
      command: 'kbox makedumpfile -F -z -d 31 /proc/vmcore | ssh user@host "cat > vmcore.flat"',
      text: 'through a pipe; kbox and crash open vmcore.flat as it is',
    },
    { command: 'kbox makedumpfile --mem-usage /proc/kcore', text: 'how large would a dump be?' },
  ],
  exitCodes: [
    [0, 'done'],
    [1, 'failed, or usage error, as makedumpfile has it'],
    [2, 'the file of -x or -i is of another kernel'],
  ],
  isSilent: true,
  load: async () => (await import('./makedumpfile.ts')).makedumpfileMain,
}

const start: Verb = {
  name: 'start',
  summary: 'arm the machine: build the capture initramfs and load the capture kernel',
  synopsis: '[OPTIONS]',
  description:
    'Reads /etc/kdump.conf, builds the capture initramfs, and loads both with kexec_file_load(2).',
  options: [
    { flags: '--config FILE', text: 'read FILE instead of /etc/kdump.conf' },
    { flags: '--kernel FILE', text: 'capture kernel (default: the running one, from /boot)' },
    { flags: '--runtime FILE', text: 'squashed Node runtime (default: where kbox is installed)' },
    { flags: '--busybox FILE', text: 'static busybox for the initramfs' },
    { flags: '--image FILE', text: 'where to write the initramfs' },
    { flags: '--append ARGS', text: 'add to the capture command line' },
    { flags: '--page-order ORDER', text: 'priority (default) or pfn' },
    { flags: '--stall-timeout S', text: 'give up when nothing is written for S seconds' },
    { flags: '--overall-timeout S', text: 'reboot after S seconds whatever happens' },
    { flags: '--build-only', text: 'build the initramfs, load nothing' },
    { flags: '-v, --verbose', text: 'list what the initramfs holds' },
  ],
  examples: [{ command: 'kbox start', text: 'arm; run at every boot' }],
  exitCodes: [
    [0, 'armed, or armed before'],
    [1, 'not armed; stderr says why'],
    [2, 'usage error'],
  ],
  load: async () => (await import('./start.ts')).startMain,
}

const stop: Verb = {
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
  load: async () => (await import('./stop.ts')).stopMain,
}

const status: Verb = {
  name: 'status',
  summary: 'say whether the machine is armed',
  synopsis: '[--json] [--root DIR]',
  description: "kdumpctl's words and exit codes, on stderr as kdumpctl prints them.",
  options: [JSON_OPTION, ROOT_OPTION],
  examples: [{ command: 'kbox status', text: 'kdump: Kdump is operational' }],
  exitCodes: [
    [0, 'armed'],
    [3, 'not armed'],
  ],
  load: async () => (await import('./status.ts')).statusMain,
}

const showmem: Verb = {
  name: 'showmem',
  summary: 'say how much memory is reserved for the capture kernel',
  synopsis: '[--json] [--root DIR]',
  description: "kdumpctl's words.",
  options: [JSON_OPTION, ROOT_OPTION],
  examples: [{ command: 'kbox showmem', text: 'kdump: Reserved 192MB memory for crash kernel' }],
  exitCodes: [
    [0, 'printed'],
    [1, 'the kernel has no crash support'],
  ],
  load: async () => (await import('./showmem.ts')).showmemMain,
}

const rehearse: Verb = {
  name: 'rehearse',
  summary: 'crash a virtual copy: the whole road in QEMU, on your kernel and configuration',
  synopsis: '[OPTIONS]',
  description:
    'Boots the kernel in QEMU, arms it, crashes it, lets it record the dump on a scratch disk, and opens the\n' +
    'dump. Nothing real is touched: a file system named in kdump.conf is played by a scratch one with the same\n' +
    'type, UUID and label. Without a kdump.conf a default is rehearsed. KVM is used where a trial guest runs.',
  options: [
    { flags: '--kernel FILE', text: 'the kernel (default: the running one)' },
    { flags: '--modules DIR', text: 'its modules (default: /lib/modules/VERSION)' },
    { flags: '--config FILE', text: 'kdump.conf to rehearse (default: /etc/kdump.conf)' },
    { flags: '--memory SIZE', text: 'memory of the virtual machine (default: 512M)' },
    { flags: '--cpus N', text: 'its CPUs (default: 2)' },
    { flags: '--crashkernel SIZE', text: 'the reservation to try (default: 192M)' },
    { flags: '--scenario NAME', text: 'how it dies: sysrq (default)' },
    { flags: '--runtime FILE', text: 'squashed Node runtime (default: where kbox is installed)' },
    { flags: '--keep DIR', text: "keep the dump, the console and the guest's own /proc in DIR" },
    { flags: '--timeout S', text: 'give up after S seconds (default: 900)' },
    JSON_OPTION,
  ],
  examples: [
    { command: 'kbox rehearse', text: 'does kdump work here?' },
    {
      command: 'kbox rehearse --kernel /boot/vmlinuz-6.1.0-56-cloud-amd64 --crashkernel 160M',
      text: 'is 160M enough?',
    },
  ],
  exitCodes: [
    [0, 'every step succeeded'],
    [1, 'a step failed; it is named'],
    [2, 'usage error'],
  ],
  load: async () => (await import('./rehearse.ts')).rehearseMain,
}

const capture: Verb = {
  name: 'capture',
  summary: 'record a crash; run by /init of the capture kernel',
  synopsis: '[--config FILE]',
  description:
    'Writes vmcore-dmesg.txt, then the vmcore, then reboots. On a real machine it does not return.',
  options: [{ flags: '--config FILE', text: 'what kbox start planned' }],
  examples: [{ command: 'kbox capture', text: 'only inside a capture kernel' }],
  exitCodes: [
    [0, 'saved'],
    [1, 'not saved'],
  ],
  internal: true,
  load: async () => (await import('./capture.ts')).captureMain,
}

/** Every verb; the overview lists those that are not internal. */
export const VERBS: readonly Verb[] = [
  start,
  status,
  stop,
  showmem,
  rehearse,
  crash,
  run,
  types,
  report,
  dump,
  makedumpfile,
  capture,
]
