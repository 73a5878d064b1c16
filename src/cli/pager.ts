// A pager that starts only when output is longer than the screen.
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { Writable } from 'node:stream'

/** Programs by the values of `set scroll`. -R keeps colours, -X the text on the screen after leaving. */
const PROGRAMS: Readonly<Record<string, string>> = {
  on: 'less -EX',
  less: 'less -EX',
  more: 'more',
}

/** Where text goes to be paged. */
export interface Pager {
  readonly stream: Writable
  /** Show what is left, and wait for the person to leave the pager. */
  close(): Promise<void>
}

/** Open a pager by a value of `set scroll`; CRASHPAGER is the environment variable's. */
export function openPager(scroll: string): Pager {
  const program = scroll === 'CRASHPAGER' ? process.env.CRASHPAGER : PROGRAMS[scroll]
  const screenLines = (process.stdout.rows || 24) - 1
  let held = ''
  let lines = 0
  let child: ChildProcess | undefined
  const stream = new Writable({
    decodeStrings: false,
    write(chunk: string, _encoding, done) {
      if (child) {
        writeTo(child, chunk, done)
        return
      }
      held += chunk
      lines += countLines(chunk)
      if (lines <= screenLines || program === undefined) {
        done()
        return
      }
      child = spawn('sh', ['-c', program], { stdio: ['pipe', 'inherit', 'inherit'] })
      // Leaving the pager early closes the pipe: the rest is not wanted.
      child.stdin?.on('error', () => stream.destroy())
      writeTo(child, held, done)
      held = ''
    },
  })
  stream.on('error', () => {})
  const close = async (): Promise<void> => {
    if (!child) {
      process.stdout.write(held)
      return
    }
    child.stdin?.end()
    if (child.exitCode === null) await once(child, 'close')
  }
  return { stream, close }
}

function writeTo(child: ChildProcess, text: string, done: () => void): void {
  const { stdin } = child
  if (!stdin || stdin.destroyed || stdin.write(text)) done()
  else {
    const next = (): void => {
      stdin.off('drain', next)
      stdin.off('close', next)
      done()
    }
    stdin.once('drain', next)
    stdin.once('close', next)
  }
}

function countLines(text: string): number {
  const columns = process.stdout.columns || 80
  return text
    .split('\n')
    .reduce((sum, line) => sum + Math.max(1, Math.ceil(line.length / columns)), -1)
}
