// Making elements, and finding those of the page.

const SVG = 'http://www.w3.org/2000/svg'

type Attributes = Readonly<Record<string, string | number>>

/** Make an HTML element. */
export function element<K extends keyof HTMLElementTagNameMap>(
  name: K,
  attributes: Attributes = {},
  ...children: readonly (Node | string)[]
): HTMLElementTagNameMap[K] {
  const made = document.createElement(name)
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, String(value))
  made.append(...children)
  return made
}

/** Make an SVG element. */
export function shape(
  name: string,
  attributes: Attributes = {},
  ...children: readonly (Node | string)[]
): SVGElement {
  const made = document.createElementNS(SVG, name)
  if (!(made instanceof SVGElement)) throw new TypeError(`no SVG element: ${name}`)
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, String(value))
  made.append(...children)
  return made
}

/** Elements of the page that are HTML. */
export function find(selector: string, within: ParentNode = document): HTMLElement[] {
  return [...within.querySelectorAll(selector)].filter((found) => found instanceof HTMLElement)
}

/** Text of an element, or ''. */
export function textOf(found: Element | undefined | null): string {
  return found?.textContent.trim() ?? ''
}

/** A drawing that is told to those who cannot see it. */
export function drawing(label: string, width: number, height: number): SVGElement {
  return shape('svg', {
    class: 'drawing',
    viewBox: `0 0 ${width} ${height}`,
    role: 'group',
    'aria-label': label,
  })
}

/** Text cut to what fits a width. */
export function fit(text: string, width: number, characterWidth = 6.2): string {
  const count = Math.floor((width - 6) / characterWidth)
  if (count >= text.length) return text
  return count < 3 ? '' : `${text.slice(0, count - 1)}…`
}

/** A colour that stays the same for a name. */
export function colourOf(name: string): string {
  let hash = 7
  for (const character of name) hash = (hash * 31 + (character.codePointAt(0) ?? 0)) >>> 0
  return `hsl(${hash % 360} 45% ${68 + (hash % 11)}%)`
}

/** Do on a click, or on Enter or Space. */
export function onPress(target: Element, press: () => void): void {
  target.setAttribute('role', 'button')
  target.setAttribute('tabindex', '0')
  target.addEventListener('click', press)
  target.addEventListener('keydown', (event) => {
    if (!(event instanceof KeyboardEvent) || (event.key !== 'Enter' && event.key !== ' ')) return
    event.preventDefault()
    press()
  })
}
