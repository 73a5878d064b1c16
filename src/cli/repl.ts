// The prompt: lines with history and completion, one after the other.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import type { CrashShell } from './crash_shell.ts'
import { completeLine } from './repl_complete.ts'

const PROMPT = 'crash> '
const HISTORY_MAX = 1000

/** Read and run lines from the terminal until `exit` or Ctrl-D. */
export async function runRepl(shell: CrashShell): Promise<void> {
  const path = historyPath()
  let history = readHistory(path)
  while (!shell.session.finished) {
    // One interface a line: between lines the terminal belongs to the command, its pager and its pipes.
    const line = await askLine(shell, history)
    if (line === undefined) {
      process.stdout.write('\n')
      break
    }
    if (line.trim() !== '' && line !== history[0])
      history = [line, ...history].slice(0, HISTORY_MAX)
    await shell.runLine(line)
  }
  writeHistory(path, history)
}

/** Run lines of a file or pipe until it ends. */
export async function runStream(shell: CrashShell, input: Readable): Promise<void> {
  const lines = createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })
  for await (const line of lines) {
    await shell.runLine(line)
    if (shell.session.finished) break
  }
  lines.close()
}

/** The next line, or undefined at Ctrl-D. Ctrl-C starts the line anew. */
function askLine(shell: CrashShell, history: readonly string[]): Promise<string | undefined> {
  return new Promise((resolve) => {
    const prompt = createInterface({
      input: process.stdin,
      output: process.stdout,
      terminal: true,
      history: [...history],
      historySize: HISTORY_MAX,
      completer: (line: string) => completeLine(shell.session, line),
    })
    prompt.setPrompt(PROMPT)
    let answer: string | undefined
    prompt.on('line', (line) => {
      answer = line
      prompt.close()
    })
    prompt.on('SIGINT', () => {
      prompt.write(null, { ctrl: true, name: 'e' })
      prompt.write(null, { ctrl: true, name: 'u' })
      process.stdout.write('^C\n')
      prompt.prompt()
    })
    prompt.on('close', () => resolve(answer))
    prompt.prompt()
  })
}

function historyPath(): string {
  const state = process.env.XDG_STATE_HOME ?? join(homedir(), '.local', 'state')
  return join(state, 'kbox', 'history')
}

/** Newest first, as readline wants it; a history that cannot be read is empty. */
function readHistory(path: string): string[] {
  try {
    return readFileSync(path, 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .reverse()
  } catch {
    return []
  }
}

/** Lines may hold addresses and names of a customer's machine: for the owner's eyes only. */
function writeHistory(path: string, history: readonly string[]): void {
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
    writeFileSync(path, `${[...history].reverse().join('\n')}\n`, { mode: 0o600 })
  } catch {
    // A home that cannot be written to is no reason to fail at the end of a session.
  }
}
