// Commands and options of crash 9.0.2, as its help lists them: what docs/crash_compatibility.md answers row by row.
// Source: the output of crash's `help COMMAND`.

/** One command of crash. */
export interface CrashCommand {
  /** Options without their dash; doubled ones are options of their own: `SS`. */
  readonly options: readonly string[]
  /** What kbox does not do on purpose, and why; `''` stands for the command itself. */
  readonly refused?: Readonly<Record<string, string>>
}

const S390 = 'of s390 only'
const XEN = 'of Xen only'
/** Options of help that show what is inside of crash; -a, its aliases, `alias` shows. */
const HELP_INTERNALS = [
  ...['b', 'B', 'c', 'd', 'D', 'e', 'f', 'g', 'h', 'H', 'k', 'K', 'L', 'M', 'm', 'N', 'n', 'o'],
  ...['p', 'r', 's', 't', 'T', 'v', 'V', 'z'],
]
const LIVE = 'writes to a live kernel'

/** Every command of crash 9.0.2, by name. */
export const CRASH_COMMANDS: Readonly<Record<string, CrashCommand>> = {
  '*': {
    options: ['o', 'l', 'r', 'p', 'u', 'd', 'x', 'f', 'c'],
    refused: { f: 'a file offset of the dump file' },
  },
  alias: { options: [] },
  ascii: { options: [] },
  bpf: { options: ['p', 'P', 'm', 'M', 't', 'T', 'j', 's', 'x', 'd'] },
  bt: {
    options: [
      ...['a', 'c', 'g', 'p', 'n', 'r', 't', 'T', 'l', 'e', 'E', 'f', 'F', 'FF', 'v', 'o', 'O'],
      ...['R', 's', 'x', 'd', 'I', 'S', 'A'],
    ],
    refused: { A: S390 },
  },
  btop: { options: [] },
  dev: { options: ['i', 'p', 'd', 'D', 'V', 'v'] },
  dis: { options: ['r', 'f', 'l', 'u', 'd', 'x', 's', 'b'] },
  eval: { options: ['b', 'l'] },
  exit: { options: [] },
  extend: { options: ['u', 's'] },
  files: { options: ['d', 'p', 'n', 'c', 'R'] },
  foreach: { options: [] },
  fuser: { options: [] },
  gdb: { options: [], refused: { '': 'there is no gdb inside' } },
  help: {
    options: ['a', ...HELP_INTERNALS],
    refused: Object.fromEntries(HELP_INTERNALS.map((option) => [option, "tables of crash's own"])),
  },
  ipcs: { options: ['s', 'm', 'M', 'q', 'n'] },
  irq: { options: ['u', 'd', 'b', 'a', 's', 'c'] },
  kmem: {
    options: [
      ...['f', 'F', 'c', 'C', 'i', 'v', 'V', 'n', 'z', 'o', 'h', 'p', 'm', 's', 'S', 'r', 'I'],
      ...['l', 'L', 'g', 'P'],
    ],
  },
  list: { options: ['o', 'e', 's', 'S', 'l', 'r', 'B', 'h', 'H', 'O', 'x', 'd'] },
  log: { options: ['T', 't', 'd', 'm', 'a', 's', 'c', 'R'] },
  mach: { options: ['m', 'c', 'o', 'x', 'd'], refused: { o: 'of PowerNV only' } },
  mod: { options: ['s', 'S', 'd', 'D', 't', 'r', 'R', 'o', 'g'] },
  mount: { options: ['f', 'i', 'n'] },
  net: { options: ['a', 's', 'S', 'x', 'd', 'n', 'N', 'R'] },
  p: { options: ['d', 'x', 'u'] },
  ps: {
    options: [
      ...['k', 'u', 'G', 'A', 'y', 's', 'p', 'c', 't', 'l', 'm', 'a', 'g', 'r', 'S', 'C'],
      'H',
    ],
  },
  pte: { options: [] },
  ptob: { options: [] },
  ptov: { options: [] },
  rd: {
    options: [
      ...['p', 'u', 'd', 'D', 's', 'S', 'SS', 'x', 'm', '8', '16', '32', '64', 'a', 'f', 'N'],
      ...['R', 'o', 'e', 'r'],
    ],
    refused: { m: XEN, f: 'a file offset of the dump file' },
  },
  // `-seconds` is a number, no option.
  repeat: { options: [] },
  runq: { options: ['t', 'T', 'm', 'g', 'c'] },
  rustfilt: { options: [] },
  sbitmapq: { options: ['s', 'a', 'p', 'v'] },
  search: {
    options: [...['s', 'k', 'K', 'V', 'u', 'p', 't', 'T', 'e', 'l', 'm', 'x', 'c', 'w', 'h']],
  },
  set: { options: ['a', 'c', 'p', 'v'] },
  sig: { options: ['l', 's', 'g'] },
  struct: {
    options: ['o', 'l', 'r', 'p', 'u', 'd', 'x', 'f', 'c'],
    refused: { f: 'a file offset of the dump file' },
  },
  swap: { options: [] },
  sym: { options: ['l', 'M', 'm', 'p', 'n', 'q'] },
  sys: { options: ['c', 't', 'i', 'panic'], refused: { panic: LIVE } },
  task: { options: ['R', 'd', 'x'] },
  timer: { options: ['r', 'C'] },
  tree: { options: ['t', 'r', 'o', 's', 'S', 'p', 'l', 'v', 'N', 'x', 'd'] },
  union: {
    options: ['o', 'l', 'r', 'p', 'u', 'd', 'x', 'f', 'c'],
    refused: { f: 'a file offset of the dump file' },
  },
  vm: { options: ['p', 'P', 'm', 'v', 'x', 'd', 'M', 'R', 'f'] },
  vtop: { options: ['c', 'u', 'k'] },
  waitq: { options: [] },
  whatis: { options: ['o', 'r', 'm'] },
  wr: { options: ['u', 'k', 'p', '8', '16', '32', '64'], refused: { '': LIVE } },
}
