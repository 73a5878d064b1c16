// Differences of two texts as `diff -u` shows them. Files of boot loaders are short: the table of all pairs is small.

const CONTEXT = 3
/** Above it, everything between the first and the last difference counts as changed. */
const TABLE_MAX = 4_000_000

interface DiffLine {
  readonly mark: ' ' | '-' | '+'
  readonly text: string
  /** Line numbers, from 0, that this line has or would have. */
  readonly oldLine: number
  readonly newLine: number
}

/** Show how a text changed; '' if it did not. @param before '' for a file that is new */
export function unifiedDiff(file: string, before: string, after: string): string {
  if (before === after) return ''
  const lines = diffLines(splitLines(before), splitLines(after))
  const changed = lines.flatMap(({ mark }, index) => (mark === ' ' ? [] : [index]))
  const hunks: string[] = []
  for (let at = 0; at < changed.length;) {
    const first = changed[at] as number
    let last = first
    while (at < changed.length && (changed[at] as number) <= last + 2 * CONTEXT + 1)
      last = changed[at++] as number
    hunks.push(formatHunk(lines.slice(Math.max(0, first - CONTEXT), last + CONTEXT + 1)))
  }
  const from = before === '' ? '/dev/null' : file
  return `--- ${from}\n+++ ${file}\n${hunks.join('')}`
}

function formatHunk(lines: readonly DiffLine[]): string {
  const [first] = lines
  const count = (mark: '-' | '+'): number =>
    lines.filter((line) => line.mark === ' ' || line.mark === mark).length
  const start = (line: number, size: number): number => (size === 0 ? line : line + 1)
  const [oldSize, newSize] = [count('-'), count('+')]
  const head = `@@ -${start(first?.oldLine ?? 0, oldSize)},${oldSize} +${start(first?.newLine ?? 0, newSize)},${newSize} @@`
  return `${[head, ...lines.map(({ mark, text }) => `${mark}${text}`)].join('\n')}\n`
}

function diffLines(before: readonly string[], after: readonly string[]): DiffLine[] {
  const lengths =
    before.length * after.length <= TABLE_MAX ? commonLengths(before, after) : undefined
  const lines: DiffLine[] = []
  let oldLine = 0
  let newLine = 0
  const push = (mark: DiffLine['mark'], text: string): void => {
    lines.push({ mark, text, oldLine, newLine })
    if (mark !== '+') oldLine++
    if (mark !== '-') newLine++
  }
  while (oldLine < before.length || newLine < after.length) {
    const left = before[oldLine]
    const right = after[newLine]
    if (left !== undefined && left === right) push(' ', left)
    else if (left !== undefined && (right === undefined || keepsMore(lengths, oldLine, newLine)))
      push('-', left)
    else if (right !== undefined) push('+', right)
  }
  return lines
}

/** Whether leaving out the old line leaves as much in common as leaving out the new one. */
function keepsMore(lengths: readonly Uint32Array[] | undefined, i: number, j: number): boolean {
  return (lengths?.[i + 1]?.[j] ?? 1) >= (lengths?.[i]?.[j + 1] ?? 0)
}

/** Length of the longest common subsequence of what is left behind line i and line j. */
function commonLengths(before: readonly string[], after: readonly string[]): Uint32Array[] {
  const table = Array.from({ length: before.length + 1 }, () => new Uint32Array(after.length + 1))
  for (let i = before.length - 1; i >= 0; i--) {
    const row = table[i] as Uint32Array
    const below = table[i + 1] as Uint32Array
    for (let j = after.length - 1; j >= 0; j--) {
      row[j] =
        before[i] === after[j]
          ? (below[j + 1] as number) + 1
          : Math.max(below[j] as number, row[j + 1] as number)
    }
  }
  return table
}

/** A last line without newline is marked, as diff does. */
function splitLines(text: string): string[] {
  if (text === '') return []
  const lines = text.split('\n')
  if (lines.at(-1) === '') lines.pop()
  else lines.push('\\ No newline at end of file')
  return lines
}
