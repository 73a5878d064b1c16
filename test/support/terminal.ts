// A program at a terminal, typed at by a test: script(1) gives it a pseudo terminal.
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'

/** Keys as a terminal sends them. */
export const KEYS = { tab: '\t', enter: '\r', up: '\x1b[A', ctrlC: '\x03', ctrlD: '\x04' } as const

/** How long an answer may take on a machine that does other things as well. */
const TIMEOUT_MS = 60_000

/** One program, and what it has shown. */
export class Terminal implements AsyncDisposable {
  readonly #child: ChildProcess
  #shown = ''
  #seen = 0
  #wake: (() => void) | undefined

  constructor(command: readonly string[], env: NodeJS.ProcessEnv = {}) {
    const line = command.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(' ')
    this.#child = spawn('script', ['-qefc', line, '/dev/null'], {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: { ...process.env, TERM: 'xterm', ...env },
    })
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.#shown += text
      this.#wake?.()
    })
  }

  /** Press keys. */
  type(keys: string): void {
    this.#child.stdin?.write(keys)
  }

  /**
   * Wait until something is shown behind what was waited for before.
   *
   * @returns what was shown up to there, without the terminal's own codes
   * @throws {Error} with all that was shown, if it does not come
   */
  async see(pattern: RegExp): Promise<string> {
    const deadline = Date.now() + TIMEOUT_MS
    for (;;) {
      const rest = plain(this.#shown).slice(this.#seen)
      const match = pattern.exec(rest)
      if (match) {
        const end = match.index + match[0].length
        this.#seen += end
        return rest.slice(0, end)
      }
      if (Date.now() > deadline || this.#child.exitCode !== null)
        throw new Error(`${pattern} is not shown:\n${rest}`)
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, 500)
        this.#wake = () => {
          clearTimeout(timer)
          resolve()
        }
      })
    }
  }

  /** Wait for its end; returns the exit code. */
  async ended(): Promise<number | null> {
    if (this.#child.exitCode === null) await once(this.#child, 'exit')
    return this.#child.exitCode
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null) return
    this.#child.kill('SIGKILL')
    await once(this.#child, 'exit')
  }
}

/** Without colours, cursor movements and carriage returns. */
function plain(text: string): string {
  // oxlint-disable-next-line no-control-regex
  return text.replace(/\x1b\[[\d;?]*[A-Za-z]|\r/g, '')
}
