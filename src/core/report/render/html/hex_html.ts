// Bytes of memory as HTML: 16 a line, the one that is meant marked.
import type { ReportMemory } from '../../model/finding_model.ts'
import { html, type Markup } from './markup.ts'

const LINE = 16

/** Write a window of memory, closed; the word at `address` is marked. */
export function hexMarkup({ start, hex }: ReportMemory, address: string): Markup {
  const first = BigInt(start)
  const marked = Number(BigInt(address) - first)
  const bytes = hex.match(/../g) ?? []
  const lines = Array.from({ length: Math.ceil(bytes.length / LINE) }, (_, line) => {
    const at = line * LINE
    const row = bytes.slice(at, at + LINE)
    const cells = row.map((byte, index) =>
      at + index >= marked && at + index < marked + 8 ? html`<mark>${byte}</mark>` : byte,
    )
    const place = (first + BigInt(at)).toString(16)
    return [`${place}  `, cells.map((cell) => [cell, ' ']), ` ${asciiOf(row)}\n`]
  })
  return html`<details class="hex">
    <summary>memory at ${address}</summary>
    <pre>${lines}</pre>
  </details>`
}

function asciiOf(bytes: readonly string[]): string {
  return bytes
    .map((byte) => {
      const code = Number.parseInt(byte, 16)
      return code >= 0x20 && code < 0x7f ? String.fromCharCode(code) : '.'
    })
    .join('')
}
