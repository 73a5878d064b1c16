// A button behind each command that copies it.
import { element, find } from './dom.ts'

/** Add the buttons, where the browser has a clipboard. */
export function addCopyButtons(): void {
  // Absent where a page is not trusted, whatever the types say.
  if (!('clipboard' in navigator)) return
  for (const command of find('[data-copy]')) {
    const text = command.textContent
    const button = element(
      'button',
      { type: 'button', class: 'copy', 'aria-label': `Copy ${text}` },
      'copy',
    )
    button.addEventListener('click', () => {
      navigator.clipboard.writeText(text).then(
        () => (button.textContent = 'copied'),
        () => (button.textContent = 'not allowed'),
      )
    })
    command.after(button)
  }
}
