// A program of the machine, run to its end or to a deadline, without blocking.
import { spawn } from 'node:child_process'

/** How a program ended. */
export interface CommandResult {
  /** Exit status; -1 if it was killed, at the deadline or otherwise, or could not be run. */
  readonly status: number
  /** What it printed, errors included; the beginning, if it is long. */
  readonly output: string
}

/** More than any of these programs has to say. */
const OUTPUT_SIZE_MAX = 1 << 16

/** Run a program; it is killed when its time is up. Never throws. */
export function runCommand(argv: readonly string[], timeoutMs: number): Promise<CommandResult> {
  const { promise, resolve } = Promise.withResolvers<CommandResult>()
  const [program = '', ...args] = argv
  let output = ''
  let note = ''
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  const take = (chunk: Buffer): void => {
    if (output.length < OUTPUT_SIZE_MAX) output += chunk.toString('utf8')
  }
  child.stdout.on('data', take)
  child.stderr.on('data', take)
  const timer = setTimeout(() => {
    note = `no end after ${Math.round(timeoutMs / 1000)} s`
    child.kill('SIGKILL')
    // A grandchild may keep the pipes open for ever.
    child.stdout.destroy()
    child.stderr.destroy()
  }, timeoutMs)
  const end = (status: number): void => {
    clearTimeout(timer)
    resolve({ status, output: [output.trim(), note].filter(Boolean).join('; ') })
  }
  child.once('error', (error) => {
    note = error.message
    end(-1)
  })
  child.once('close', (status) => end(status ?? -1))
  return promise
}
