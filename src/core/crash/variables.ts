// Settings of `set`, under crash's names. Most steer crash's own terminal or gdb: they are kept and shown, so that
// scripts and .crashrc lines go on working, and change nothing.

/** One setting. */
export interface Variable {
  readonly name: string
  readonly initial: string
  /** Values allowed; absent: any text. */
  readonly values?: readonly string[]
  /** Any number is allowed. */
  readonly number?: boolean
  /** What it does here; absent: accepted without effect. */
  readonly effect?: string
}

const SWITCH = ['on', 'off'] as const

/** In the order `set -v` shows them. */
export const VARIABLES: readonly Variable[] = [
  {
    name: 'scroll',
    initial: 'on',
    values: [...SWITCH, 'less', 'more', 'CRASHPAGER'],
    effect: 'page long output on a terminal',
  },
  { name: 'radix', initial: '10', values: ['10', '16'], effect: 'radix of struct, p and task' },
  { name: 'refresh', initial: 'on', values: SWITCH },
  {
    name: 'print_max',
    initial: '256',
    number: true,
    effect: 'array elements and characters printed at most',
  },
  { name: 'print_array', initial: 'off', values: SWITCH, effect: 'one array element a line' },
  { name: 'console', initial: '(not assigned)' },
  { name: 'debug', initial: '0', number: true },
  { name: 'core', initial: 'off', values: SWITCH },
  { name: 'hash', initial: 'on', values: SWITCH },
  { name: 'silent', initial: 'off', values: SWITCH },
  { name: 'edit', initial: 'emacs', values: ['vi', 'emacs'] },
  { name: 'namelist', initial: '(none needed)' },
  { name: 'dumpfile', initial: '' },
  { name: 'unwind', initial: 'on', values: SWITCH },
  {
    name: 'zero_excluded',
    initial: 'off',
    values: SWITCH,
    effect: 'read pages that were left out of the dump as zeros',
  },
  { name: 'null-stop', initial: 'off', values: SWITCH, effect: 'end strings at their first NUL' },
  { name: 'gdb', initial: 'off', values: SWITCH },
  { name: 'scope', initial: '0 (not set)' },
  { name: 'offline', initial: 'show', values: ['show', 'hide'] },
  { name: 'redzone', initial: 'on', values: SWITCH },
  { name: 'error', initial: 'default' },
]
