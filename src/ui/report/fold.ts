// Opening and closing all sections at once, and opening what a link leads to.
import { element, find } from './dom.ts'

/** Add the button, and follow links into closed sections. */
export function addFolding(): void {
  const sections = (): HTMLDetailsElement[] =>
    find('section > details').filter((found) => found instanceof HTMLDetailsElement)
  const button = element('button', { type: 'button' }, 'Collapse all')
  button.addEventListener('click', () => {
    const open = sections().every((section) => !section.open)
    for (const section of sections()) section.open = open
    button.textContent = open ? 'Collapse all' : 'Expand all'
  })
  const [list] = find('nav ul')
  list?.append(element('li', { class: 'fold' }, button))
  addEventListener('hashchange', openTarget)
  addEventListener('beforeprint', () => {
    for (const section of sections()) section.open = true
  })
  openTarget()
}

function openTarget(): void {
  const target = document.getElementById(location.hash.slice(1))
  if (!target) return
  for (let at: Element | null = target; at; at = at.parentElement)
    if (at instanceof HTMLDetailsElement) at.open = true
  // The target of a link to a section is the section: what it holds is to be seen too.
  const inner = target.querySelector(':scope > details')
  if (inner instanceof HTMLDetailsElement) inner.open = true
  target.hidden = false
  target.scrollIntoView({ block: 'start' })
}
