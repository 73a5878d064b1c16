// Tokens of a C expression.
import { UsageError } from '../base/errors.ts'

/** A token with its text; numbers and characters with their value. */
export type Token =
  | {
      readonly kind: 'number'
      readonly text: string
      readonly value: bigint
      readonly unsigned: boolean
      readonly long: boolean
    }
  | { readonly kind: 'character'; readonly text: string; readonly value: bigint }
  | { readonly kind: 'name'; readonly text: string }
  | { readonly kind: 'operator'; readonly text: string }
  | { readonly kind: 'end'; readonly text: '' }

/** Longest first, so that `->` is not `-` and `>`. */
const OPERATORS = [
  ...['->', '<<', '>>', '<=', '>=', '==', '!=', '&&', '||'],
  ...[
    '+',
    '-',
    '*',
    '/',
    '%',
    '&',
    '|',
    '^',
    '~',
    '!',
    '<',
    '>',
    '(',
    ')',
    '[',
    ']',
    '.',
    '@',
    ',',
    '?',
    ':',
  ],
]

const ESCAPES: Readonly<Record<string, number>> = { n: 10, t: 9, r: 13, a: 7, b: 8, f: 12, v: 11 }

/**
 * Cut an expression into tokens; the last is 'end'.
 *
 * @throws {UsageError} naming the first character that begins no token
 */
export function lexExpression(text: string): Token[] {
  const tokens: Token[] = []
  let rest = text.trimStart()
  while (rest !== '') {
    const token = lexNumber(rest) ?? lexName(rest) ?? lexCharacter(rest) ?? lexOperator(rest)
    if (!token) throw new UsageError(`invalid expression at: ${rest}`)
    tokens.push(token)
    rest = rest.slice(token.text.length).trimStart()
  }
  tokens.push({ kind: 'end', text: '' })
  return tokens
}

function lexNumber(rest: string): Token | undefined {
  const match = /^(0[xX][\da-fA-F]+|\d+)([uU]?[lL]{0,2}[uU]?)(?![\w.])/.exec(rest)
  if (!match) return undefined
  const digits = match[1] as string
  const suffix = (match[2] ?? '').toLowerCase()
  const octal = /^0[0-7]+$/.test(digits)
  const value = BigInt.asUintN(64, BigInt(octal ? `0o${digits.slice(1)}` : digits))
  return {
    kind: 'number',
    text: match[0],
    value,
    unsigned: suffix.includes('u'),
    long: suffix.includes('l'),
  }
}

function lexName(rest: string): Token | undefined {
  const match = /^[A-Za-z_$][\w$]*/.exec(rest)
  return match ? { kind: 'name', text: match[0] } : undefined
}

function lexCharacter(rest: string): Token | undefined {
  const match = /^'(?:\\([0-7]{1,3}|[\w'"\\])|([^'\\]))'/.exec(rest)
  if (!match) return undefined
  const escape = match[1]
  if (escape === undefined)
    return { kind: 'character', text: match[0], value: BigInt((match[2] as string).charCodeAt(0)) }
  const octal = /^[0-7]/.test(escape)
  const value = octal ? parseInt(escape, 8) : (ESCAPES[escape] ?? escape.charCodeAt(0))
  return { kind: 'character', text: match[0], value: BigInt(value) }
}

function lexOperator(rest: string): Token | undefined {
  const text = OPERATORS.find((operator) => rest.startsWith(operator))
  return text === undefined ? undefined : { kind: 'operator', text }
}
