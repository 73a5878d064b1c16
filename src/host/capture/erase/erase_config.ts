// The language of erase rules: lines of `erase` and `for … endfor` in sections of modules.
// Source: makedumpfile.conf(5). Ours on top of it: loops nest, a cast before a name gives its type, `[n]` picks an
// element, and what is wrong in one line costs that line only.
import { UsageError } from '../../../core/base/errors.ts'
import { parseSize } from './erase_size.ts'

/** What is wrong with one line, and what to do about it. */
export interface EraseProblem {
  readonly file: string
  /** From 1. */
  readonly line: number
  /** Says the word that is wrong, and the remedy. */
  readonly message: string
}

/** `sym.member.member`, as written. */
export interface EraseExpression {
  /** Without the cast: what eraseinfo shows. */
  readonly text: string
  /** C type of the symbol, '' where none is given. */
  readonly cast: string
  /** Symbol or loop variable. */
  readonly name: string
  /** Dotted path behind it, '' if there is none. */
  readonly path: string
}

/** `erase EXPRESSION [size …|nullify]`. */
export interface EraseCommand {
  readonly kind: 'erase'
  readonly line: number
  readonly target: EraseExpression
  /** Bytes, or where the number of bytes stands; undefined: what the type says. */
  readonly size: number | EraseExpression | undefined
  readonly nullify: boolean
}

/** `for VARIABLE in LIST [via MEMBER | within STRUCT:MEMBER]`, and what is done for each element. */
export interface EraseLoop {
  readonly kind: 'for'
  readonly line: number
  readonly variable: string
  readonly list: EraseExpression
  readonly via: string | undefined
  readonly within: { readonly struct: string; readonly member: string } | undefined
  readonly body: readonly EraseRule[]
}

/** A rule. */
export type EraseRule = EraseCommand | EraseLoop

/** The rules below one `[module]`. */
export interface EraseSection {
  /** 'vmlinux' for the kernel proper. */
  readonly module: string
  readonly line: number
  readonly rules: readonly EraseRule[]
}

/** A file of rules, parsed. */
export interface EraseConfig {
  readonly sections: readonly EraseSection[]
  readonly problems: readonly EraseProblem[]
}

/** Deeper loops are a mistake: each level multiplies the work. */
const NESTING_MAX = 8
const EXPRESSION = /^([A-Za-z_][\w$]*)((?:\[\d{1,10}\])*(?:\.[A-Za-z_]\w*(?:\[\d{1,10}\])*)*)$/
const NAME = /^[A-Za-z_]\w*$/

/** Parse the text of a configuration file. Lines that make no sense become problems. */
export function parseEraseConfig(text: string, file: string): EraseConfig {
  const parser = new Parser(file)
  text.split('\n').forEach((line, i) => parser.line(i + 1, line.replace(/#.*/, '').trim()))
  return parser.end()
}

/** A loop whose `endfor` has not come yet. */
type OpenLoop = Omit<EraseLoop, 'body'> & { readonly body: EraseRule[] }

class Parser {
  readonly #file: string
  readonly #problems: EraseProblem[] = []
  readonly #sections: (EraseSection & { readonly rules: EraseRule[] })[] = []
  #loops: OpenLoop[] = []
  /** Loops inside of a `for` line that was no good: what they hold is skipped with them. */
  #skipped = 0

  constructor(file: string) {
    this.#file = file
    this.#begin('vmlinux', 1)
  }

  line(number: number, text: string): void {
    if (text === '') return
    try {
      this.#line(number, text)
    } catch (error) {
      if (!(error instanceof UsageError)) throw error
      this.#problem(number, error.message)
    }
  }

  end(): EraseConfig {
    this.#closeLoops()
    return {
      sections: this.#sections.filter(({ rules }) => rules.length > 0),
      problems: this.#problems,
    }
  }

  #line(line: number, text: string): void {
    const [word = '', ...rest] = text.split(/\s+/)
    if (text.startsWith('[')) this.#section(line, text)
    else if (word === 'for') this.#for(line, text)
    else if (word === 'endfor') this.#endfor(rest)
    else if (this.#skipped === 0) this.#other(line, word, text)
  }

  #other(line: number, word: string, text: string): void {
    if (word === 'erase') this.#add(parseErase(line, text.slice('erase'.length).trim()))
    else throw new UsageError(`'${word}' is no rule: begin the line with erase, for, endfor or [`)
  }

  #section(line: number, text: string): void {
    const name = /^\[\s*([\w-]+)\s*\]$/.exec(text)?.[1]
    this.#closeLoops()
    if (name === undefined) {
      this.#begin('vmlinux', line)
      throw new UsageError(`'${text}' is no section: write [vmlinux] or [module]`)
    }
    this.#begin(name, line)
  }

  #for(line: number, text: string): void {
    if (this.#skipped > 0) {
      this.#skipped++
      return
    }
    this.#skipped = 1
    if (this.#loops.length >= NESTING_MAX) {
      throw new UsageError(
        `'${text}' is loop number ${NESTING_MAX + 1} in one another: the limit is ${NESTING_MAX}`,
      )
    }
    this.#loops.push(parseFor(line, text))
    this.#skipped = 0
  }

  #endfor(rest: readonly string[]): void {
    if (this.#skipped > 0) this.#skipped--
    else {
      const loop = this.#loops.pop()
      if (!loop) throw new UsageError("'endfor' ends no loop: remove it, or write its 'for' line")
      this.#add(loop)
    }
    if (rest.length > 0) throw new UsageError(`'${rest.join(' ')}' behind endfor: remove it`)
  }

  /** Loops that the section or the file ends in: what they hold is not in doubt. */
  #closeLoops(): void {
    this.#skipped = 0
    for (let loop = this.#loops.pop(); loop; loop = this.#loops.pop()) {
      this.#problem(loop.line, `'for ${loop.variable}' has no end: write endfor behind its rules`)
      this.#add(loop)
    }
  }

  #begin(module: string, line: number): void {
    this.#sections.push({ module, line, rules: [] })
  }

  #add(rule: EraseRule): void {
    const holder = this.#loops.at(-1)?.body ?? this.#sections.at(-1)?.rules
    holder?.push(rule)
  }

  #problem(line: number, message: string): void {
    this.#problems.push({ file: this.#file, line, message })
  }
}

/** The expression `text` begins with, a cast included, and what follows. */
function takeExpression(text: string, what: string): [EraseExpression, string] {
  const match = /^(?:\(([^()]*)\)\s*)?(\S*)\s*(.*)$/.exec(text)
  const [, cast = '', written = '', rest = ''] = match ?? []
  const parts = EXPRESSION.exec(written)
  if (!parts) {
    const wrong = written === '' ? `${what} is missing` : `'${written}' is no ${what}`
    throw new UsageError(`${wrong}: write symbol or symbol.member`)
  }
  const path = (parts[2] ?? '').replace(/^\./, '')
  return [{ text: written, cast: cast.trim(), name: parts[1] ?? '', path }, rest]
}

function parseErase(line: number, text: string): EraseCommand {
  const [target, rest] = takeExpression(text, 'symbol to erase')
  const command: EraseCommand = { kind: 'erase', line, target, size: undefined, nullify: false }
  if (rest === '') return command
  if (rest === 'nullify') return { ...command, nullify: true }
  const size = /^size(?:\s+(.*))?$/.exec(rest)
  if (!size) {
    throw new UsageError(`'${rest}' behind '${target.text}': write size N, size SYMBOL or nullify`)
  }
  return { ...command, size: parseRuleSize(size[1] ?? '') }
}

function parseRuleSize(text: string): number | EraseExpression {
  if (!/^[-+]?\d/.test(text)) {
    const [size, rest] = takeExpression(text, 'size')
    if (rest !== '') throw new UsageError(`'${rest}' behind the size: remove it`)
    return size
  }
  const bytes = parseSize(text)
  if (typeof bytes === 'number') return bytes
  throw new UsageError(`'${text}' is no size: ${bytes.remedy}`)
}

function parseFor(line: number, text: string): OpenLoop {
  const match = /^for\s+(\S+)\s+in\s+(.+)$/.exec(text)
  const variable = match?.[1] ?? ''
  if (!NAME.test(variable)) {
    throw new UsageError(`'${text}' is no loop: write for NAME in LIST, with via or within`)
  }
  const [list, rest] = takeExpression(match?.[2] ?? '', 'list')
  const loop = { kind: 'for', line, variable, list, body: [] } as const
  if (rest === '') return { ...loop, body: [], via: undefined, within: undefined }
  const via = /^via\s+([A-Za-z_][\w.]*)$/.exec(rest)?.[1]
  if (via !== undefined) return { ...loop, body: [], via, within: undefined }
  const within = /^within\s+(?:struct\s+)?(\w+)\s*:\s*([A-Za-z_][\w.]*)$/.exec(rest)
  const [, struct, member] = within ?? []
  if (struct === undefined || member === undefined) {
    throw new UsageError(`'${rest}' behind the list: write via MEMBER or within STRUCT:MEMBER`)
  }
  return { ...loop, body: [], via: undefined, within: { struct, member } }
}
