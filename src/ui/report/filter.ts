// Filters of long lists: a word, or a pattern between slashes; of the log by level too.
import { element, find } from './dom.ts'

const LEVELS = ['emergency', 'alert', 'critical', 'error', 'warning', 'notice', 'info', 'debug']

/** Add a filter above every list that asks for one. */
export function addFilters(): void {
  for (const list of find('[data-filter]')) addFilter(list)
}

function addFilter(list: HTMLElement): void {
  const rows = find(list.dataset['rows'] ?? 'li', list)
  const name = list.dataset['filter'] ?? ''
  const input = element('input', {
    type: 'search',
    placeholder: `Filter ${name}: text or /pattern/`,
    'aria-label': `Filter ${name}`,
  })
  const level = 'levels' in list.dataset ? levelSelect() : undefined
  const shown = element('output', {}, `${rows.length}`)
  const apply = (): void => {
    const matches = matcher(input.value)
    const levelMax = Number(level?.value ?? LEVELS.length)
    let count = 0
    for (const row of rows) {
      row.hidden = !(levelOf(row) <= levelMax && matches(row.textContent))
      if (!row.hidden) count++
    }
    shown.textContent = count === rows.length ? `${count}` : `${count} of ${rows.length}`
  }
  input.addEventListener('input', apply)
  level?.addEventListener('change', apply)
  list.before(element('div', { class: 'tools' }, input, ...(level ? [level] : []), shown))
}

function levelSelect(): HTMLSelectElement {
  return element(
    'select',
    { 'aria-label': 'Least serious level shown' },
    element('option', { value: LEVELS.length }, 'all levels'),
    ...[3, 4, 5, 6].map((level) =>
      element('option', { value: level }, `${LEVELS[level] ?? ''} and worse`),
    ),
  )
}

/** Its class says: l0 to l7. */
function levelOf(row: HTMLElement): number {
  const [, digit] = /(?:^| )l([0-7])(?: |$)/.exec(row.className) ?? []
  return digit === undefined ? 0 : Number(digit)
}

/** A pattern between slashes; what is not one is taken as text. */
function matcher(wanted: string): (text: string) => boolean {
  const [, pattern] = /^\/(.+)\/$/.exec(wanted) ?? []
  if (pattern !== undefined) {
    try {
      const expression = new RegExp(pattern, 'i')
      return (text) => expression.test(text)
    } catch {
      // Not finished yet: `/foo(/`.
    }
  }
  const lower = wanted.toLowerCase()
  return (text) => text.toLowerCase().includes(lower)
}
