// Reads files of shell assignments (/etc/sysconfig/kdump, /etc/default/kdump-tools) without a shell: quotes, escapes,
// comments, `+=`, and variables set further up in the same file. Whatever else a shell would do is an error with its place,
// never run and never guessed. Source: POSIX.1-2017, Shell Command Language, 2.2 and 2.9.1.
import type { ConfProblem } from '../conf_problem.ts'

/** One variable. Lines and columns count from 1. */
export interface Assignment {
  readonly name: string
  /** As the shell would have it: quotes gone, `+=` joined to what was there. */
  readonly value: string
  readonly line: number
  readonly column: number
  /** Where the value begins, behind the '=' and a quote. */
  readonly valueColumn: number
  /** Only `+=` made it: it adds to what the variable has elsewhere, its default perhaps. */
  readonly isAddition: boolean
}

/** The variables in file order, or the first thing that is no assignment. */
export type AssignmentsResult =
  | { readonly ok: true; readonly assignments: readonly Assignment[] }
  | { readonly ok: false; readonly problem: ConfProblem }

/** Longest value; a file that doubles its variables must not fill the memory. */
const VALUE_LENGTH_MAX = 65_536

/** Parse a file. Never throws. */
export function parseAssignments(text: string): AssignmentsResult {
  const reader = new ShellReader(text)
  const assignments = reader.readAll()
  const { problem } = reader
  return problem ? { ok: false, problem } : { ok: true, assignments }
}

const ASSIGNMENT = /([A-Za-z_]\w*)(\+?=)/y
const BLANK = /(?:[ \t]|\\\n)+/y
const COMMENT = /#[^\n]*/y
const WORD = /[^\s;]*/y
/** Characters that mean nothing to the shell. */
const PLAIN = /[^\s;&|<>()$`\\"'~]+/y
const SINGLE_QUOTED = /'([^']*)'/y
const VARIABLE = /\$(?:([A-Za-z_]\w*)|\{([A-Za-z_]\w*)\})/y
/** Inside double quotes, up to what is special there. */
const QUOTED_PLAIN = /[^"$`\\]+/y
const QUOTED_ESCAPE = /\\([\s\S])/y

class ShellReader {
  readonly #text: string
  readonly #values = new Map<string, string>()
  readonly #additions = new Set<string>()
  #index = 0
  problem: ConfProblem | undefined

  constructor(text: string) {
    this.#text = text.replaceAll('\r\n', '\n')
  }

  readAll(): Assignment[] {
    const assignments: Assignment[] = []
    while (!this.problem && this.#index < this.#text.length) {
      if (this.#take(BLANK) || this.#take(COMMENT) || this.#takeText('\n') || this.#takeText(';'))
        continue
      // 'export NAME=value' sets NAME as well.
      const exported = /export[ \t]+(?=[A-Za-z_])/y
      this.#take(exported)
      const assignment = this.#readAssignment()
      if (assignment) assignments.push(assignment)
    }
    return assignments
  }

  #readAssignment(): Assignment | undefined {
    const start = this.#index
    const match = this.#take(ASSIGNMENT)
    if (!match) {
      const word = this.#peek(WORD)
      this.#fail(start, word, 'is no assignment', 'write NAME="value"; commands are not run')
      return undefined
    }
    const [, name = '', operator] = match
    const quoted = /["']/.test(this.#text.charAt(this.#index))
    const valueStart = this.#index + (quoted ? 1 : 0)
    const added = this.#readValue()
    if (added === undefined) return undefined
    const before = this.#values.get(name)
    const value = operator === '+=' ? (before ?? '') + added : added
    const isAddition = operator === '+=' && (before === undefined || this.#additions.has(name))
    if (isAddition) this.#additions.add(name)
    else this.#additions.delete(name)
    if (value.length > VALUE_LENGTH_MAX) {
      this.#fail(start, name, 'is too long', `${VALUE_LENGTH_MAX} characters are allowed`)
      return undefined
    }
    this.#values.set(name, value)
    const { line, column } = this.#placeOf(start)
    const { column: valueColumn } = this.#placeOf(valueStart)
    return { name, value, line, column, valueColumn, isAddition }
  }

  /** Up to unquoted white space or a semicolon. */
  #readValue(): string | undefined {
    let value = ''
    while (this.#index < this.#text.length && !this.problem) {
      const next = this.#text.charAt(this.#index)
      if (/[\s;]/.test(next)) break
      const piece =
        this.#take(PLAIN)?.[0] ??
        this.#take(SINGLE_QUOTED)?.[1] ??
        this.#readEscape() ??
        this.#readQuoted() ??
        this.#readVariable() ??
        this.#refuse(next)
      if (piece === undefined) return undefined
      value += piece
      if (value.length > VALUE_LENGTH_MAX) return this.#refuse('"')
    }
    return this.problem ? undefined : value
  }

  /** A backslash takes the next character as it is; before a line's end both vanish. */
  #readEscape(): string | undefined {
    const match = this.#take(QUOTED_ESCAPE)
    if (!match) return undefined
    return match[1] === '\n' ? '' : match[1]
  }

  #readQuoted(): string | undefined {
    const start = this.#index
    if (!this.#takeText('"')) return undefined
    let value = ''
    while (!this.#takeText('"')) {
      const escaped = this.#take(QUOTED_ESCAPE)?.[1]
      if (escaped !== undefined) {
        // Only these lose their backslash between double quotes.
        if (escaped !== '\n') value += /[$`"\\]/.test(escaped) ? escaped : `\\${escaped}`
        continue
      }
      const piece = this.#take(QUOTED_PLAIN)?.[0] ?? this.#readVariable()
      if (piece === undefined) {
        if (this.#index >= this.#text.length)
          this.#fail(start, '"', 'is not closed', 'write the second quote')
        else this.#refuse(this.#text.charAt(this.#index))
        return undefined
      }
      value += piece
      if (value.length > VALUE_LENGTH_MAX) return this.#refuse('"')
    }
    return value
  }

  #readVariable(): string | undefined {
    const start = this.#index
    const match = this.#take(VARIABLE)
    if (!match) return undefined
    const [word, plain, braced] = match
    const value = this.#values.get(plain ?? braced ?? '')
    if (value === undefined)
      this.#fail(start, word, 'is not set further up in this file', 'write its value')
    return value
  }

  #refuse(next: string): undefined {
    if (this.problem) return undefined
    const what: Readonly<Record<string, string>> = {
      $: 'is an expansion that only a shell can do',
      '`': 'begins a command, which is not run',
      "'": 'is not closed',
      '\\': 'has nothing behind it',
      '"': 'is too long',
      '~': 'stands for a home folder, which only a shell knows',
    }
    const remedy = 'write the plain value, in quotes where it has blanks or special characters'
    this.#fail(this.#index, next, what[next] ?? 'means a command to a shell', remedy)
    return undefined
  }

  #fail(index: number, value: string, what: string, remedy: string): void {
    this.problem ??= { ...this.#placeOf(index), value, message: `'${value}' ${what}`, remedy }
  }

  #placeOf(index: number): { readonly line: number; readonly column: number } {
    const before = this.#text.slice(0, index)
    const line = before.split('\n').length
    return { line, column: index - before.lastIndexOf('\n') }
  }

  #take(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.#index
    const match = pattern.exec(this.#text)
    if (!match) return undefined
    this.#index = pattern.lastIndex
    return match
  }

  #peek(pattern: RegExp): string {
    pattern.lastIndex = this.#index
    return pattern.exec(this.#text)?.[0] ?? ''
  }

  #takeText(text: string): boolean {
    if (!this.#text.startsWith(text, this.#index)) return false
    this.#index += text.length
    return true
  }
}
