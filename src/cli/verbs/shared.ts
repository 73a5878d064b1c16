// What several verbs say alike in their help.

/** Exit codes of verbs that read a dump. */
export const DUMP_EXIT_CODES = [
  [0, 'done'],
  [1, 'the dump could not be opened or written; one line on stderr says why'],
  [2, 'usage error'],
] as const

/** `--json`. */
export const JSON_OPTION = { flags: '--json', text: 'print JSON instead of text' } as const
/** `--identity FILE`. */
export const IDENTITY_OPTION = {
  flags: '--identity FILE',
  text: 'secret keys of age that open an encrypted dump (default: $KBOX_IDENTITY)',
} as const
/** `--root DIR`. */
export const ROOT_OPTION = {
  flags: '--root DIR',
  text: 'read the facts (etc, sys, proc, dev) below DIR instead of /',
} as const
