// `js`: JavaScript over the dump, at a prompt of node's own or one expression at a time. Names are those of the API, with
// sugar: `findTask(1).mm.total_vm`, `k.jiffies`, `forEachTask().map((t) => t.comm).toArray()`.
import { Console } from 'node:console'
import { openSync } from 'node:fs'
import { start } from 'node:repl'
import { Writable } from 'node:stream'
import tty from 'node:tty'
import { inspect } from 'node:util'
import { createContext, Script, type Context } from 'node:vm'
import { once } from 'node:events'
import * as api from '../api/kbox.ts'
import { UsageError } from '../core/base/errors.ts'
import type { Session } from '../core/crash/session.ts'
import { sugar, sugarFunction, sugarGlobals } from '../core/program/sugar.ts'
import { writeText } from '../host/platform/stream.ts'
import { historyPath } from './history_file.ts'
import { completeJs } from './js_complete.ts'

const PROMPT = 'js> '

/** JavaScript in one session; what one line declares the next one knows. */
export class JsPrompt {
  readonly #session: Session
  readonly #context: Context

  constructor(session: Session) {
    this.#session = session
    this.#context = createContext(contextOf(session))
  }

  /**
   * Evaluate code.
   *
   * @yields lines of the value: what is iterated a line each
   * @throws whatever the code throws
   */
  *evaluate(code: string): Generator<string> {
    // Ctrl-C while all of this was loaded.
    if (this.#session.aborted) return
    const value: unknown = runCode(code, this.#context)
    if (isIterator(value)) {
      for (const each of value) {
        if (this.#session.aborted) return
        yield show(each)
      }
    } else if (value !== undefined) yield show(value)
  }

  /** Take lines from the terminal until `.exit` or Ctrl-D. @throws {UsageError} without a terminal */
  async run(): Promise<void> {
    if (!process.stdin.isTTY || !process.stdout.isTTY)
      throw new UsageError('js: no terminal: put the expression behind it, js k.jiffies')
    // A stream of its own: crash's prompt holds stdin, and would see each key as well.
    const input = new tty.ReadStream(openSync('/dev/tty', 'r'))
    const prompt = start({
      prompt: PROMPT,
      input,
      output: process.stdout,
      breakEvalOnSigint: true,
      // A line half typed is not to be run.
      preview: false,
      writer: show,
      completer: (line: string) => completeJs(this.#session, prompt.context, line),
    })
    const names = Object.getOwnPropertyDescriptors(contextOf(this.#session))
    Object.defineProperties(prompt.context, names)
    prompt.setupHistory(historyPath('js_history'), () => undefined)
    // Code runs without them, for Node takes them away, and with the last one its own handler: Ctrl-C would end kbox.
    const listeners = process.listeners('SIGINT')
    process.removeAllListeners('SIGINT')
    try {
      await once(prompt, 'exit')
    } finally {
      for (const listener of listeners) process.on('SIGINT', listener)
      input.destroy()
    }
  }
}

/** Ctrl-C ends it, whatever it is doing. */
function runCode(code: string, context: Context): unknown {
  return compile(code).runInContext(context, { breakOnSigint: true })
}

/** `{ a: 1 }` is meant as an object, `const a = 1` is no expression. @throws {SyntaxError} */
function compile(code: string): Script {
  try {
    return new Script(`(${code}\n)`, { filename: 'js' })
  } catch {
    return new Script(code, { filename: 'js' })
  }
}

/** What code finds: the API, sweetened, and where it is. */
function contextOf(session: Session): object {
  const { program } = session
  const helpers = Object.entries(api).map(([name, value]): [string, unknown] => {
    const isHelper = typeof value === 'function' && !/^[A-Z]/.test(name)
    return [name, isHelper ? sugarFunction(program, value as never) : value]
  })
  return Object.defineProperty(
    {
      ...Object.fromEntries(helpers),
      program,
      session,
      k: sugarGlobals(program),
      console: directConsole(),
    },
    'task',
    { get: () => sugar(session.task), enumerable: true, configurable: true },
  )
}

/**
 * A console whose streams keep no state. Ctrl-C may end code in the middle of a write, and process.stdout, left so, would take
 * no more for the rest of the session.
 */
function directConsole(): Console {
  const direct = (fd: number): Writable =>
    Object.assign(new Writable(), {
      write(text: string): boolean {
        writeText(fd, text)
        return true
      },
    })
  return new Console({
    ...{ stdout: direct(1), stderr: direct(2), ignoreErrors: false },
    colorMode: process.stdout.isTTY,
  })
}

function show(value: unknown): string {
  if (typeof value === 'string') return value
  return inspect(value, { depth: 3, colors: false, numericSeparator: false })
}

function isIterator(value: unknown): value is Iterable<unknown> {
  return typeof value === 'object' && value !== null && 'next' in value && Symbol.iterator in value
}
