// Questions to whoever sits at the terminal, on standard error, answered on standard input; a secret is not echoed.
import { createInterface, type Interface } from 'node:readline'
import { Writable } from 'node:stream'

/** A conversation. Answers may be piped in, a line each. */
export class Questions implements Disposable {
  #isMuted = false
  #lines: AsyncIterator<string> | undefined
  #reader: Interface | undefined

  /** Ask for a line; undefined at the end of the input. */
  async ask(question: string): Promise<string | undefined> {
    process.stderr.write(question)
    this.#lines ??= this.#open()
    const line = await this.#lines.next()
    return line.done === true ? undefined : line.value
  }

  /** Ask for a line without showing it. */
  async askSecret(question: string): Promise<string | undefined> {
    process.stderr.write(question)
    this.#isMuted = true
    try {
      return await this.ask('')
    } finally {
      this.#isMuted = false
      if (process.stdin.isTTY) process.stderr.write('\n')
    }
  }

  [Symbol.dispose](): void {
    this.#reader?.close()
  }

  #open(): AsyncIterator<string> {
    // readline echoes what is typed at a terminal; what goes through here can be kept back.
    const echo = new Writable({
      write: (text: Buffer, _encoding, done) => {
        if (!this.#isMuted) process.stderr.write(text)
        done()
      },
    })
    const { isTTY } = process.stdin
    this.#reader = createInterface({ input: process.stdin, output: echo, terminal: isTTY })
    return this.#reader[Symbol.asyncIterator]()
  }
}
