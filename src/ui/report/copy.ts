// A command is copied by a click on it.
import { find, onPress } from './dom.ts'

const SAID_MS = 1200

/** Make the commands buttons, where the browser has a clipboard. */
export function addCopying(): void {
  // Absent where a page is not trusted, whatever the types say.
  if (!('clipboard' in navigator)) return
  for (const command of find('[data-copy]')) {
    const text = command.textContent
    const say = (word: string): void => {
      command.dataset['said'] = word
      setTimeout(() => delete command.dataset['said'], SAID_MS)
    }
    command.title = 'Copy'
    onPress(command, () => {
      navigator.clipboard.writeText(text).then(
        () => say('copied'),
        () => say('not allowed'),
      )
    })
  }
}
