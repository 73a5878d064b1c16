// What may be wrong with a configuration, in whichever dialect: a message, its place, and what to do.

/** A piece of a file. Lines and columns count from 1. */
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
  return `  ${file}:${line}:${column}: ${value === '' ? '' : `'${value}': `}${remedy}`
}
