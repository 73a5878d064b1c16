// What kbox must know of a verb to offer, explain and start it. Help and man page come from the same facts.

/** One option, for help and man page. */
export interface VerbOption {
  /** As typed: '-d, --dump-level N'. */
  readonly flags: string
  /** What it does, default included. */
  readonly text: string
}

/** A command worth typing, and what it does. */
export interface VerbExample {
  readonly command: string
  readonly text: string
}

/** A verb; one file each in verbs/, all in verbs.ts. */
export interface Verb {
  readonly name: string
  /** One line, imperative, no period. */
  readonly summary: string
  /** Behind the verb's name: '[OPTIONS] VMCORE'. */
  readonly synopsis: string
  /** A paragraph or two. */
  readonly description: string
  readonly options: readonly VerbOption[]
  readonly examples: readonly VerbExample[]
  readonly exitCodes: readonly (readonly [code: number, text: string])[]
  /** Internal verbs are run by kbox itself and left out of the overview. */
  readonly internal?: boolean
  /** Standard output is no concern of its: looking at it takes 5 ms. */
  readonly isSilent?: boolean
  /** Loads only this verb's code: start-up counts. */
  readonly load: () => Promise<(argv: readonly string[]) => number | Promise<number>>
}

/** The text of `kbox VERB --help`. */
export function formatVerbHelp(verb: Verb): string {
  const lines = [`Usage: kbox ${verb.name} ${verb.synopsis}`.trimEnd(), '', verb.description, '']
  if (verb.options.length > 0) {
    const width = Math.min(28, Math.max(...verb.options.map(({ flags }) => flags.length)))
    lines.push('Options:', ...verb.options.flatMap((option) => formatOption(option, width)), '')
  }
  lines.push(
    'Examples:',
    ...verb.examples.flatMap(({ command, text }) => [`  ${command}`, `      ${text}`]),
    '',
  )
  lines.push('Exit codes:', ...verb.exitCodes.map(([code, text]) => `  ${code}  ${text}`))
  return `${lines.join('\n')}\n`
}

function formatOption({ flags, text }: VerbOption, width: number): string[] {
  if (flags.length > width) return [`  ${flags}`, `  ${' '.repeat(width)}  ${text}`]
  return [`  ${flags.padEnd(width)}  ${text}`]
}
