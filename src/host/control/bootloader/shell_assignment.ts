// Assignments in files that a shell sources, such as /etc/default/grub: found and changed without running anything.

/** `NAME="value"` in a text. */
export interface ShellAssignment {
  readonly name: string
  /** What is between the quotes, as written. */
  readonly value: string
  /** Where that begins and ends. */
  readonly start: number
  readonly end: number
  /** `"`, `'` or none. */
  readonly quote: string
  /** `+=`: the value is put behind the old one. */
  readonly isAppended: boolean
}

/** One line each; the value may be quoted. Escaped quotes are part of it. */
const ASSIGNMENT =
  /^[ \t]*(?:export[ \t]+)?([A-Za-z_]\w*)(\+?=)(?:"((?:[^"\\]|\\[^])*)"|'([^']*)'|([^\s"'#;]*))/gm

/** Find all assignments to a variable, in order. */
export function findAssignments(text: string, name: string): ShellAssignment[] {
  return Array.from(text.matchAll(ASSIGNMENT), (match) => {
    const [all, found = '', operator, double, single, bare = ''] = match
    const value = double ?? single ?? bare
    const quote = double === undefined ? (single === undefined ? '' : "'") : '"'
    const end = match.index + all.length - quote.length
    return {
      name: found,
      value,
      start: end - value.length,
      end,
      quote,
      isAppended: operator === '+=',
    }
  }).filter((assignment) => assignment.name === name)
}

/** Change the values of a variable. @param change gets the value as written, and its place in the order */
export function changeAssignments(
  text: string,
  name: string,
  change: (value: string, index: number) => string,
): string {
  let changed = text
  const found = findAssignments(text, name)
  for (const [index, { value, start, end, quote }] of [...found.entries()].toReversed()) {
    const fresh = change(value, index)
    if (fresh === value) continue
    // What has a blank in it now needs quotes.
    const written = quote === '' && /\s/.test(fresh) ? `"${fresh}"` : fresh
    changed = `${changed.slice(0, start)}${written}${changed.slice(end)}`
  }
  return changed
}

/** The value a variable has after some files were sourced, `$NAME` of the same files replaced. */
export function evaluateVariable(texts: readonly string[], name: string): string {
  const values = new Map<string, string>()
  for (const text of texts) {
    for (const [, found = ''] of text.matchAll(/^[ \t]*(?:export[ \t]+)?([A-Za-z_]\w*)\+?=/gm))
      if (!values.has(found)) values.set(found, '')
    assignAll(text, values)
  }
  return values.get(name) ?? ''
}

function assignAll(text: string, values: Map<string, string>): void {
  const all = [...values.keys()].flatMap((name) => findAssignments(text, name))
  for (const { name, value, quote, isAppended } of all.toSorted((a, b) => a.start - b.start)) {
    const plain = quote === "'" ? value : expand(value, values)
    values.set(name, isAppended ? `${values.get(name) ?? ''}${plain}` : plain)
  }
}

/** `$NAME`, `${NAME}` and escapes; commands and other forms stay as they are. */
function expand(value: string, values: ReadonlyMap<string, string>): string {
  return value.replace(/\\(["$`\\])|\$\{(\w+)\}|\$(\w+)/g, (_, escaped, braced, bare) => {
    if (escaped !== undefined) return String(escaped)
    return values.get(String(braced ?? bare)) ?? ''
  })
}
