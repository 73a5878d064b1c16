// The prompt: lines with history and completion, one after the other.
import { readFileSync, writeFileSync } from 'node:fs'
import { createInterface, type Interface } from 'node:readline'
import type { Readable } from 'node:stream'
import type { CrashShell } from './crash_shell.ts'
import { historyPath } from './history_file.ts'
import { completeLine } from './repl_complete.ts'

const PROMPT = 'crash> '
const HISTORY_MAX = 1000

/** Read and run lines from the terminal until `exit` or Ctrl-D. */
export async function runRepl(shell: CrashShell): Promise<void> {
  const path = historyPath('history')
  const prompt = new Prompt(shell, readHistory(path))
  try {
    while (!shell.session.finished) {
      const line = await prompt.ask()
      if (line === undefined) break
      await shell.runLine(line)
    }
  } finally {
    prompt.close()
    writeHistory(path, prompt.history)
  }
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

/** One readline for the session: lines pasted together wait their turn. */
class Prompt {
  readonly #readline: Interface
  readonly #waiting: string[] = []
  #ended = false
  #wake: (() => void) | undefined
  history: readonly string[]

  constructor(shell: CrashShell, history: readonly string[]) {
    this.history = history
    this.#readline = createInterface({
      input: process.stdin,
      output: process.stdout,
      terminal: true,
      history: [...history],
      historySize: HISTORY_MAX,
      removeHistoryDuplicates: true,
      completer: (line: string) => completeLine(shell.session, line),
      prompt: PROMPT,
    })
    this.#readline.on('history', (lines) => {
      this.history = [...lines]
    })
    this.#readline.on('line', (line) => {
      this.#waiting.push(line)
      this.#wake?.()
    })
    this.#readline.on('SIGINT', () => this.#startAnew())
    this.#readline.on('close', () => {
      this.#ended = true
      this.#wake?.()
    })
    this.#release()
  }

  /** The next line, or undefined at Ctrl-D. */
  async ask(): Promise<string | undefined> {
    if (this.#waiting.length === 0 && !this.#ended) {
      process.stdin.setRawMode(true)
      this.#readline.resume()
      this.#readline.prompt(true)
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
      this.#release()
    }
    if (this.#waiting.length === 0) process.stdout.write('\n')
    return this.#waiting.shift()
  }

  close(): void {
    this.#readline.close()
  }

  /** Between lines the terminal belongs to the command, its pager and its pipes, and Ctrl-C is a signal again. */
  #release(): void {
    if (!this.#ended) this.#readline.pause()
    process.stdin.setRawMode(false)
  }

  #startAnew(): void {
    this.#readline.write(null, { ctrl: true, name: 'e' })
    this.#readline.write(null, { ctrl: true, name: 'u' })
    process.stdout.write('^C\n')
    this.#readline.prompt()
  }
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
    writeFileSync(path, `${[...history].reverse().join('\n')}\n`, { mode: 0o600 })
  } catch {
    // A home that cannot be written to is no reason to fail at the end of a session.
  }
}
