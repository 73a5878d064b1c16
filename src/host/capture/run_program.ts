// Runs a program that may hang, in a process group of its own: at its deadline all of it is killed.
import { spawn, type ChildProcess } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import type { ProgramEnd } from './hooks.ts'

/** Not what Node's runtime is started with: its libraries are not those of the machine's own programs. */
const ENVIRONMENT = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', HOME: '/' }
/** Between two heartbeats of one who waits. */
const BEAT_INTERVAL_MS = 1000

/** Run a program to its end, or to its deadline. @param onBeat told every second meanwhile */
export async function runProgram(
  file: string,
  args: readonly string[],
  timeoutMs: number,
  onBeat: () => void,
): Promise<ProgramEnd> {
  const child = start(file, args)
  const { promise, resolve } = Promise.withResolvers<ProgramEnd>()
  child.once('error', (error) => resolve({ how: 'error', error: error.message }))
  // Not 'close': what it left in the background may keep its output open for ever.
  child.once('exit', (code, signal) => {
    resolve(signal === null ? { how: 'exit', code: code ?? 0 } : { how: 'signal', signal })
  })
  const beat = setInterval(onBeat, BEAT_INTERVAL_MS)
  const deadline = setTimeout(() => {
    killGroup(child)
    resolve({ how: 'timeout' })
  }, timeoutMs)
  try {
    return await promise
  } finally {
    clearInterval(beat)
    clearTimeout(deadline)
  }
}

/** Keep a program running beside everything else: one that ends is started again. */
export function keepRunning(file: string, args: readonly string[], againMs: number): void {
  const child = start(file, args)
  child.once('error', () => undefined)
  child.once('exit', () => setTimeout(() => keepRunning(file, args, againMs), againMs).unref())
  child.unref()
}

function start(file: string, args: readonly string[]): ChildProcess {
  const child = spawn(file, args, {
    detached: true,
    stdio: ['ignore', 'inherit', 'inherit'],
    env: ENVIRONMENT,
  })
  // When memory runs out a hook goes first.
  if (child.pid !== undefined) sacrifice(child.pid)
  return child
}

function sacrifice(pid: number): void {
  try {
    writeFileSync(`/proc/${pid}/oom_score_adj`, '1000')
  } catch {
    // It has ended already.
  }
}

function killGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // All of it has ended.
  }
}
