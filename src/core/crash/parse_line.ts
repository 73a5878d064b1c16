// A line typed at the prompt: words, and where the output goes. Quotes and parentheses keep words together.
import { UsageError } from '../base/errors.ts'

/** Where a command's text goes. */
export type Sink =
  | { readonly kind: 'screen' }
  | { readonly kind: 'pipe'; readonly command: string }
  | { readonly kind: 'file'; readonly path: string; readonly append: boolean }

/** What a line asks for. */
export type Line =
  | { readonly kind: 'empty' }
  /** `!ls`: run by the shell. */
  | { readonly kind: 'shell'; readonly command: string }
  /** `< FILE`: run the lines of a file. */
  | { readonly kind: 'script'; readonly path: string }
  /** `js task.comm`: JavaScript; none: a prompt for it. */
  | { readonly kind: 'js'; readonly code: string }
  | { readonly kind: 'command'; readonly words: readonly string[]; readonly sink: Sink }

/**
 * Parse one line; `#` begins a comment line.
 *
 * @throws {UsageError} for an unclosed quote, or a `|` or `>` with nothing behind
 */
export function parseLine(text: string): Line {
  const line = text.trim()
  if (line === '' || line.startsWith('#')) return { kind: 'empty' }
  if (line.startsWith('!')) return { kind: 'shell', command: line.slice(1).trim() || 'sh' }
  if (line.startsWith('<')) return { kind: 'script', path: line.slice(1).trim() }
  const js = /^js(?:\s+(.*))?$/s.exec(line)
  if (js) return { kind: 'js', code: js[1] ?? '' }
  const scan = scanLine(line, (rest, before) => isSinkStart(rest, before))
  return { kind: 'command', words: scan.words, sink: parseSink(line.slice(scan.end)) }
}

/** Split `bt; ps` into lines: at newlines, and at `;` outside quotes. */
export function splitCommands(text: string): string[] {
  const commands: string[] = []
  for (const line of text.split('\n')) {
    // Quotes in a comment, in a shell's command or in JavaScript are not ours to match.
    if (/^\s*([#!]|js\b)/.test(line)) {
      commands.push(line)
      continue
    }
    let rest = line
    for (;;) {
      const { end } = scanLine(rest, (tail) => tail.startsWith(';'))
      commands.push(rest.slice(0, end))
      if (end >= rest.length) break
      rest = rest.slice(end + 1)
    }
  }
  return commands.map((command) => command.trim()).filter((command) => command !== '')
}

/** `|`, `>` outside quotes and parentheses; the `>` of `->` and `|` of `||` are operators. */
function isSinkStart(rest: string, before: string): boolean {
  if (rest.startsWith('|')) return !rest.startsWith('||') && before !== '|'
  return rest.startsWith('>') && before !== '-' && !rest.startsWith('>=')
}

function parseSink(text: string): Sink {
  if (text === '') return { kind: 'screen' }
  const append = text.startsWith('>>')
  const target = text.slice(append ? 2 : 1).trim()
  if (target === '') throw new UsageError(`nothing behind ${append ? '>>' : text[0]}`)
  return text.startsWith('|')
    ? { kind: 'pipe', command: target }
    : { kind: 'file', path: unquote(target), append }
}

interface Scan {
  readonly words: readonly string[]
  /** Where the scan stopped. */
  readonly end: number
}

/** Cut words until `stop` holds outside quotes and parentheses, or to the end. */
function scanLine(line: string, stop: (rest: string, before: string) => boolean): Scan {
  const words: string[] = []
  let word: string | undefined
  let parens = 0
  let at = 0
  for (; at < line.length; at++) {
    const char = line[at] as string
    if (parens === 0 && stop(line.slice(at), line[at - 1] ?? '')) break
    if (char === '"' || char === "'") {
      const close = findClose(line, at)
      word =
        (word ?? '') +
        (isCharacterConstant(line, at, close)
          ? line.slice(at, close + 1)
          : line.slice(at + 1, close))
      at = close
    } else if (parens === 0 && (char === ' ' || char === '\t')) {
      if (word !== undefined) words.push(word)
      word = undefined
    } else {
      if (char === '(') parens++
      if (char === ')' && parens > 0) parens--
      word = (word ?? '') + char
    }
  }
  if (word !== undefined) words.push(word)
  return { words, end: at }
}

/** `'a'` behind an operator is a number of C; elsewhere quotes only group. */
function isCharacterConstant(line: string, open: number, close: number): boolean {
  return (
    line[open] === "'" && close - open <= 3 && /[-+*/%&|^<>=!~(,[]\s*$/.test(line.slice(0, open))
  )
}

function findClose(line: string, open: number): number {
  const close = line.indexOf(line[open] as string, open + 1)
  if (close < 0) throw new UsageError(`unclosed ${line[open]}`)
  return close
}

const unquote = (text: string): string => text.replace(/^(["'])(.*)\1$/, '$2')
