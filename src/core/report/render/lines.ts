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

/** Show control characters as dots: a log line may try to move the reader's cursor. */
export function plain(line: string): string {
  // oxlint-disable-next-line no-control-regex
  return line.replaceAll(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, '.')
}
