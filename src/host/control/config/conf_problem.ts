// What may be wrong with a configuration, in whichever dialect: a message, its place, and what to do.

/** A piece of a file. Lines and columns count from 1; line 0 is the file as a whole. */
export interface ConfWord {
  readonly line: number
  readonly column: number
  readonly value: string
}

/** Something wrong with one line. */
export interface ConfProblem extends ConfWord {
  /** kdumpctl's own message where it has one. */
  readonly message: string
  readonly remedy: string
}

/** Format a problem's place, text and remedy, the line that follows its message. */
export function formatProblemPlace(
  file: string,
  { line, column, value, remedy }: ConfProblem,
): string {
  const place = line === 0 ? file : `${file}:${line}:${column}`
  return `  ${place}: ${value === '' ? '' : `'${value}': `}${remedy}`
}
