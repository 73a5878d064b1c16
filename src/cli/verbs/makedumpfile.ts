// kbox makedumpfile, as help and man page tell it.
import type { Verb } from '../verb.ts'

/** `kbox makedumpfile`. */
export const makedumpfile: Verb = {
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
  load: async () => (await import('../makedumpfile.ts')).makedumpfileMain,
}
