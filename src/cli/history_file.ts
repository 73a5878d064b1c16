// Where prompts remember what was typed.
import { mkdirSync } from 'node:fs'
import { homedir } from 'node:os'
import path from 'node:path'

/** A file of the user's state folder, which is made for the owner's eyes only if it is not there. */
export function historyPath(name: string): string {
  const state = process.env.XDG_STATE_HOME ?? path.join(homedir(), '.local', 'state')
  const folder = path.join(state, 'kbox')
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
  } catch {
    // A home that cannot be written to costs the history, not the session.
  }
  return path.join(folder, name)
}
