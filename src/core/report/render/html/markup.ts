// HTML that cannot be broken by what it quotes: all text is escaped unless it is markup already.
import { plain } from '../lines.ts'

/** HTML as it is written. */
export class Markup {
  readonly source: string

  constructor(source: string) {
    this.source = source
  }
}

/** What may stand in a template: null and false are nothing, lists are joined. */
export type MarkupValue =
  | Markup
  | string
  | number
  | null
  | undefined
  | false
  | readonly MarkupValue[]

/**
 * Write HTML: html`<td>${text}`. Values are escaped for text and for quoted attributes; never put one into an attribute
 * without quotes, a script or a style. The template's indentation is left out.
 */
export function html(strings: TemplateStringsArray, ...values: readonly MarkupValue[]): Markup {
  const pieces = piecesOf(strings)
  let source = pieces[0] ?? ''
  for (const [index, value] of values.entries())
    source += toSource(value) + (pieces[index + 1] ?? '')
  return new Markup(source)
}

const known = new WeakMap<TemplateStringsArray, readonly string[]>()

/** Without indentation, and without blanks around the whole: how they stand is the formatter's affair. */
function piecesOf(strings: TemplateStringsArray): readonly string[] {
  let pieces = known.get(strings)
  if (!pieces) {
    pieces = strings.map((piece, index) => {
      const start = index === 0 ? piece.trimStart() : piece
      const whole = index === strings.length - 1 ? start.trimEnd() : start
      return whole.replaceAll(/\n\s*/g, '\n')
    })
    known.set(strings, pieces)
  }
  return pieces
}

/** Write an element whose content is ours and not HTML: `style`, `script`. */
export function rawElement(name: 'style' | 'script', content: string): Markup {
  return new Markup(`<${name}>${content}</${name}>`)
}

function toSource(value: MarkupValue): string {
  if (value instanceof Markup) return value.source
  if (typeof value === 'string') return escapeHtml(value)
  if (typeof value === 'number') return String(value)
  if (value === null || value === undefined || value === false) return ''
  return value.map(toSource).join('')
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

/** Escape text for HTML; control characters are shown as dots. */
export function escapeHtml(text: string): string {
  return plain(text).replaceAll(/[&<>"']/g, (character) => ENTITIES[character] ?? '')
}
