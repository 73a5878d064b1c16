// Splits a line into arguments as xargs(1) does, which kdump hands dracut_args to: blanks, quotes, backslashes.

/** One argument; `index` counts characters of the line from 0, quotes included. */
export interface SplitArgument {
  readonly text: string
  readonly index: number
}

const TOKEN = /\s+|"([^"\n]*)"|'([^'\n]*)'|\\(.)|([^\s"'\\]+)/gsy

/** Split a line; undefined when a quote is not closed or nothing follows a backslash. */
export function splitArguments(line: string): readonly SplitArgument[] | undefined {
  const words: SplitArgument[] = []
  let current: SplitArgument | undefined
  let index = 0
  while (index < line.length) {
    TOKEN.lastIndex = index
    const match = TOKEN.exec(line)
    if (!match) return undefined
    const piece = match.slice(1).find((group) => group !== undefined)
    if (piece !== undefined) {
      current = { text: (current?.text ?? '') + piece, index: current?.index ?? index }
    } else if (current) {
      words.push(current)
      current = undefined
    }
    index += match[0].length
  }
  return current ? [...words, current] : words
}
