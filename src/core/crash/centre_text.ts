// Text centred in columns the way crash does: where a blank is left over, it depends on what is centred where it goes.

/** Centre a title: an odd blank goes behind it. */
export function centreTitle(text: string, width: number): string {
  return pad(text, width, Math.floor((width - text.length) / 2))
}

/** Centre a value: an odd blank goes in front of it. */
export function centreValue(text: string, width: number): string {
  return pad(text, width, Math.ceil((width - text.length) / 2))
}

/** Centre a value of a field: what is odd about the text goes to the left, about the field to the right. */
export function centreField(text: string, width: number): string {
  return pad(text, width, Math.ceil(width / 2) - Math.ceil(text.length / 2))
}

const pad = (text: string, width: number, left: number): string =>
  `${' '.repeat(Math.max(0, left))}${text}`.padEnd(width)
