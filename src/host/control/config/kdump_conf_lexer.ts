// Splits kdump.conf into options and values by the rules of kdump-lib.sh's kdump_read_conf.

/** One option as written. Lines and columns count from 1. */
export interface ConfLine {
  readonly option: string
  readonly value: string
  readonly line: number
  readonly optionColumn: number
  readonly valueColumn: number
  /** A '#' inside a word ended the value: kdumpctl has no way to write one. */
  readonly cutAtHash: boolean
}

/**
 * Yield the options of kdump.conf in file order.
 *
 * The rules: everything from the first '#' of a line is comment, even inside quotes; the option ends at the first
 * white space; a value that begins and ends with '"' loses that pair; there are no escapes and no continuation lines.
 */
export function* forEachConfLine(text: string): Generator<ConfLine> {
  let line = 0
  for (const raw of text.split('\n')) {
    line++
    const hash = raw.indexOf('#')
    const code = (hash < 0 ? raw : raw.slice(0, hash)).trimEnd()
    const match = /^(\s*)(\S+)(\s*)(.*)$/s.exec(code)
    if (!match) continue
    const [, indent = '', option = '', gap = '', rest = ''] = match
    const quoted = rest.length >= 2 && rest.startsWith('"') && rest.endsWith('"')
    yield {
      option,
      value: quoted ? rest.slice(1, -1) : rest,
      line,
      optionColumn: indent.length + 1,
      valueColumn: indent.length + option.length + gap.length + (quoted ? 2 : 1),
      cutAtHash: hash > 0 && /\S/.test(raw.charAt(hash - 1)),
    }
  }
}
