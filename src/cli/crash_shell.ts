// Lines of a crash session: run by commands, rendered, and sent to the screen, a pager, a pipe or a file.
import { spawn, type ChildProcess } from 'node:child_process'
import { createWriteStream, closeSync, openSync, readFileSync, writeSync } from 'node:fs'
import { once } from 'node:events'
import { setImmediate } from 'node:timers/promises'
import type { Writable } from 'node:stream'
import { KdumpError, UsageError } from '../core/base/errors.ts'
import type { Block, BytesBlock } from '../core/crash/command.ts'
import { parseLine, type Sink } from '../core/crash/parse_line.ts'
import { runWords } from '../core/crash/run_command.ts'
import type { Session } from '../core/crash/session.ts'
import type { JsPrompt } from './js_prompt.ts'
import { openPager } from './pager.ts'
import { renderJson } from '../core/render/render_json.ts'
import { renderText } from '../core/render/render_text.ts'
import { isSystemError } from '../host/platform/file_error.ts'

/** Text gathered before it is written. */
const CHUNK_CHARACTERS = 64 * 1024
/** How long commands run before signals are looked at. */
const SLICE_MS = 40
/** EX_SOFTWARE of sysexits.h. */
const EXIT_BUG = 70
/** Scripts that run scripts. */
const SCRIPT_DEPTH_MAX = 16

/** How a session's output goes out. */
export interface ShellOptions {
  readonly json: boolean
  /** Page long output on the terminal. */
  readonly pager: boolean
}

/** Runs the lines of one session, one after the other. */
export class CrashShell {
  readonly session: Session
  /** 0, or that of a bug met on the way. */
  exitCode = 0
  readonly #options: ShellOptions
  #scriptDepth = 0
  #js: JsPrompt | undefined

  constructor(session: Session, options: ShellOptions) {
    this.session = session
    this.#options = options
  }

  /** Run one line; what is wrong with it is said, not thrown. */
  async runLine(text: string): Promise<void> {
    this.session.aborted = false
    try {
      await this.#run(text)
    } catch (error) {
      if (error instanceof KdumpError || isSystemError(error)) {
        process.stderr.write(`crash: ${error.message}\n`)
        return
      }
      // A bug of ours ends the line, not a session of hours.
      this.exitCode = EXIT_BUG
      const what = error instanceof Error ? (error.stack ?? error.message) : String(error)
      process.stderr.write(`kbox: this is a bug in kbox, please report it: '${text}': ${what}\n`)
    }
  }

  /** Run the lines of a file, up to `exit`. */
  async runScript(path: string): Promise<void> {
    if (++this.#scriptDepth > SCRIPT_DEPTH_MAX)
      throw new UsageError(`${path}: scripts run each other too deeply`)
    try {
      for (const line of readFileSync(path, 'utf8').split('\n')) {
        if (this.session.finished) break
        await this.runLine(line)
      }
    } finally {
      this.#scriptDepth--
    }
  }

  async #run(text: string): Promise<void> {
    const line = parseLine(text)
    switch (line.kind) {
      case 'empty':
        return
      case 'shell':
        await waitFor(spawn('sh', ['-c', line.command], { stdio: 'inherit' }))
        return
      case 'script':
        await this.runScript(line.path)
        return
      case 'js':
        await this.#runJs(line.code)
        return
      case 'command': {
        const blocks = settle(runWords(this.session, line.words), line.sink)
        const pieces = this.#options.json
          ? renderJson(line.words.join(' '), blocks)
          : withNewlines(renderText(blocks))
        await this.#send(pieces, line.sink)
      }
    }
  }

  /** What the code throws is its author's affair, and no reason to end the session. */
  async #runJs(code: string): Promise<void> {
    const { JsPrompt } = await import('./js_prompt.ts')
    this.#js ??= new JsPrompt(this.session)
    try {
      if (code === '') await this.#js.run()
      else await this.#send(withNewlines(this.#js.evaluate(code)), { kind: 'screen' })
    } catch (error) {
      if (error instanceof UsageError) throw error
      process.stderr.write(`js: ${String(error)}\n`)
    }
  }

  async #send(pieces: Iterable<string>, sink: Sink): Promise<void> {
    const all = this.#options.json ? ended(pieces) : pieces
    if (sink.kind === 'pipe') await sendToShell(all, sink.command, this.session)
    else if (sink.kind === 'file') await sendToFile(all, sink, this.session)
    else if (this.#options.pager && this.session.variables.get('scroll') !== 'off') {
      await sendToPager(all, this.session)
    } else await pump(all, process.stdout, this.session)
  }
}

/** Write bytes to their files, and say problems aloud where the text goes elsewhere. */
function* settle(blocks: Iterable<Block>, sink: Sink): Generator<Block> {
  for (const block of blocks) {
    if (block.kind === 'problem' && sink.kind !== 'screen') {
      process.stderr.write(`${block.command}: ${block.message}\n`)
    }
    yield block.kind === 'bytes' ? copyBytes(block) : block
  }
}

function copyBytes({ file, start, chunks }: BytesBlock): Block {
  const fd = openSync(file, 'w')
  let size = 0
  try {
    for (const chunk of chunks) {
      writeSync(fd, chunk)
      size += chunk.length
    }
  } finally {
    closeSync(fd)
  }
  return { kind: 'lines', lines: [`${size} bytes copied from 0x${start.toString(16)} to ${file}`] }
}

async function sendToShell(
  pieces: Iterable<string>,
  command: string,
  session: Session,
): Promise<void> {
  const child = spawn('sh', ['-c', command], { stdio: ['pipe', 'inherit', 'inherit'] })
  // A command that ends early closes the pipe; pump() sees it, and what comes later is no error either.
  child.stdin.on('error', () => {})
  await Promise.all([
    pump(pieces, child.stdin, session).then(() => child.stdin.end()),
    waitFor(child),
  ])
}

async function sendToFile(
  pieces: Iterable<string>,
  { path, append }: Extract<Sink, { kind: 'file' }>,
  session: Session,
): Promise<void> {
  const stream = createWriteStream(path, { flags: append ? 'a' : 'w' })
  await once(stream, 'open')
  await pump(pieces, stream, session)
  stream.end()
  await once(stream, 'close')
}

/** Show what fits the screen; page what does not. */
async function sendToPager(pieces: Iterable<string>, session: Session): Promise<void> {
  const pager = openPager(session.variables.get('scroll') ?? 'on')
  await pump(pieces, pager.stream, session)
  await pager.close()
}

/**
 * Write pieces as they come, looking at signals in between: `session.aborted` ends it, and so does a reader
 * that has gone.
 */
async function pump(pieces: Iterable<string>, out: Writable, session: Session): Promise<void> {
  let isGone = false
  // A reader that needs no more (`| head`) closes its end: no error.
  const onError = (): void => {
    isGone = true
  }
  out.on('error', onError)
  let text = ''
  let since = performance.now()
  const flush = async (): Promise<void> => {
    if (text !== '' && !out.write(text)) await drained(out)
    text = ''
    await setImmediate()
    since = performance.now()
  }
  for (const piece of pieces) {
    text += piece
    if (text.length >= CHUNK_CHARACTERS || performance.now() - since > SLICE_MS) await flush()
    if (session.aborted || isGone || out.destroyed) break
  }
  if (!isGone && !out.destroyed) await flush()
  out.off('error', onError)
}

/** Wait until more can be written, or never again. */
function drained(out: Writable): Promise<void> {
  return new Promise((resolve) => {
    const events = ['drain', 'close', 'error'] as const
    const done = (): void => {
      for (const event of events) out.off(event, done)
      resolve()
    }
    for (const event of events) out.on(event, done)
  })
}

function* withNewlines(lines: Iterable<string>): Generator<string> {
  for (const line of lines) yield `${line}\n`
}

function* ended(pieces: Iterable<string>): Generator<string> {
  yield* pieces
  yield '\n'
}

async function waitFor(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'close')
}
