// Text centred in columns the way crash does.

/** Centre text the way crash does: what is odd about the text goes to the left, about the field to the right. */
export function centre(text: string, width: number): string {
  const left = Math.max(0, Math.ceil(width / 2) - Math.ceil(text.length / 2))
  return (' '.repeat(left) + text).padEnd(width)
}
