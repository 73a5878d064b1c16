// Centred text, as crash sets it: where a blank is left over, numbers lean right and titles left.

/** Centre under a title: an odd blank goes to the right. */
export function centreTitle(text: string, width: number): string {
  return text
    .padStart(text.length + Math.max(0, Math.floor((width - text.length) / 2)))
    .padEnd(width)
}

/** Centre a value: an odd blank goes to the left. */
export function centreValue(text: string, width: number): string {
  return text
    .padStart(text.length + Math.max(0, Math.ceil((width - text.length) / 2)))
    .padEnd(width)
}
