// Lines of text as reports have them: labels in a column, times in UTC, nothing that moves a terminal's cursor.

/** Width of the column of labels. */
export const LABEL_WIDTH = 12

/** Put labels before values; what is null is left out. */
export function labelled(
  fields: readonly (readonly [label: string, value: string | number | null])[],
): string[] {
  return fields
    .filter(([, value]) => value !== null)
    .map(([label, value]) => `${label.padEnd(LABEL_WIDTH)} ${value}`)
}

/** Format a time. @param seconds since 1970 */
export function utc(seconds: number): string {
  const date = new Date(seconds * 1000)
  return Number.isNaN(date.getTime())
    ? '(unknown)'
    : `${date.toISOString().slice(0, 19).replace('T', ' ')} UTC`
}

/** `1 page`, `2 pages`, `12,345 pages`. */
export function counted(count: number, word: string): string {
  return `${grouped(count)} ${word}${count === 1 ? '' : 's'}`
}

/** A count with commas between thousands. */
export function grouped(count: number): string {
  return String(count).replaceAll(/\B(?=(\d{3})+$)/g, ',')
}

/** A length of time: `32.0 s`, `5 min 12 s`, `3 h 20 min`, `12 d 4 h`. */
export function formatSpan(seconds: number): string {
  if (seconds < 60) return `${seconds.toFixed(1)} s`
  const whole = Math.floor(seconds)
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`
  if (whole < 86_400) return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`
  return `${Math.floor(whole / 86_400)} d ${Math.floor((whole % 86_400) / 3600)} h`
}

/**
 * Show control characters as dots: a log line may try to move the reader's cursor, or, by those that change the
 * direction of writing, to show something else than it says.
 */
export function plain(line: string): string {
  return line.replaceAll(
    // oxlint-disable-next-line no-control-regex
    /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g,
    '.',
  )
}
