// One running QEMU: started from a spec, watched through its sockets, always ended by the process we started.
import { spawn, type ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { HostError } from '../../core/base/errors.ts'
import { ConsoleLog } from './console_log.ts'
import { GuestChannel } from './guest_channel.ts'
import { findTool } from './host_tool.ts'
import { machineArgv, type MachineSpec } from './machine_spec.ts'
import { QmpClient } from './qmp.ts'
import { listenUnix, type UnixListener } from './unix_listener.ts'

/** How a machine came to its end; a halted one still runs in QEMU's eyes. */
export type MachineEnd = 'reset' | 'poweroff' | 'halted' | 'panic' | 'killed'

/** sun_path of Linux, with its NUL. */
const SOCKET_PATH_MAX = 108
const CONNECT_TIMEOUT_MS = 20_000
const QEMU_OUTPUT_MAX = 64 * 1024
const LAST_EVENT_MS = 50

/** Reasons of QMP's SHUTDOWN event. @source qemu qapi/run-state.json ShutdownCause */
const END_OF_REASON: Readonly<Record<string, MachineEnd>> = {
  'guest-reset': 'reset',
  'guest-shutdown': 'poweroff',
  'guest-panic': 'panic',
}

/** A virtual machine; dispose of it to end it. */
export class Machine implements AsyncDisposable {
  readonly console: ConsoleLog
  readonly channel: GuestChannel
  readonly qmp: QmpClient
  /** Milliseconds of performance.now() when QEMU was started. */
  readonly startedMs: number
  readonly #parts: Parts

  private constructor(parts: Parts, channel: GuestChannel, qmp: QmpClient) {
    this.#parts = parts
    this.console = parts.console
    this.channel = channel
    this.qmp = qmp
    this.startedMs = parts.startedMs
  }

  /**
   * Start a machine.
   *
   * @param consoleFile receives all of the serial console
   * @throws {HostError} with QEMU's own words if it does not start
   */
  static async start(spec: MachineSpec, consoleFile: string): Promise<Machine> {
    const parts = await startQemu(spec, consoleFile)
    try {
      const signal = AbortSignal.any([parts.gone.signal, AbortSignal.timeout(CONNECT_TIMEOUT_MS)])
      const [console, channel, qmp] = await Promise.all(
        [parts.listeners.console, parts.listeners.channel, parts.listeners.qmp].map(
          ({ connected }) => orAbort(connected, signal),
        ),
      )
      if (!console || !channel || !qmp) throw new HostError('QEMU did not connect')
      parts.console.attach(console)
      const guest = new GuestChannel(channel)
      const client = await QmpClient.open(qmp, ({ event, data }) => {
        if (event === 'SHUTDOWN')
          parts.ended.resolve(END_OF_REASON[String(data['reason'])] ?? 'killed')
      })
      return new Machine(parts, guest, client)
    } catch (error) {
      await endQemu(parts)
      const { reason }: { reason: unknown } = parts.gone.signal
      throw reason instanceof HostError ? reason : error
    }
  }

  /** Aborted, with a HostError that says why, when QEMU is gone. */
  get gone(): AbortSignal {
    return this.#parts.gone.signal
  }

  /** Wait until the guest resets or powers off the machine. @param signal ends the wait */
  waitForEnd(signal: AbortSignal): Promise<MachineEnd> {
    return orAbort(this.#parts.ended.promise, signal)
  }

  /** What all CPUs are doing, for a machine that hangs; '' if QEMU does not answer. */
  async registers(): Promise<string> {
    try {
      return String(
        await this.qmp.execute('human-monitor-command', { 'command-line': 'info registers -a' }),
      )
    } catch {
      return ''
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await endQemu(this.#parts)
  }
}

/** What a machine is made of on the host. */
interface Parts {
  readonly child: ChildProcess
  readonly folder: string
  readonly console: ConsoleLog
  readonly listeners: Readonly<Record<'console' | 'channel' | 'qmp', UnixListener>>
  readonly gone: AbortController
  readonly exited: Promise<void>
  readonly ended: PromiseWithResolvers<MachineEnd>
  readonly startedMs: number
  readonly stopGuarding: () => void
}

async function startQemu(spec: MachineSpec, consoleFile: string): Promise<Parts> {
  const qemu = findTool('qemu-system-x86_64')
  const folder = socketFolder()
  const listeners = {
    console: await listenUnix(path.join(folder, 'console')),
    channel: await listenUnix(path.join(folder, 'channel')),
    qmp: await listenUnix(path.join(folder, 'qmp')),
  }
  const argv = machineArgv(spec, {
    console: listeners.console.path,
    channel: listeners.channel.path,
    qmp: listeners.qmp.path,
  })
  const startedMs = performance.now()
  const child = spawn(qemu, argv, { stdio: ['ignore', 'pipe', 'pipe'] })
  const gone = new AbortController()
  const ended = Promise.withResolvers<MachineEnd>()
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Uint8Array) => {
      if (output.length < QEMU_OUTPUT_MAX) output += Buffer.from(chunk).toString()
    })
  }
  const exited = new Promise<void>((resolve) => {
    const leave = (how: string): void => {
      const said = output.trim()
      resolve()
      // The last event it sent may still wait in the socket.
      setTimeout(() => {
        gone.abort(new HostError(`QEMU ended (${how})${said === '' ? '' : `: ${said}`}`))
        ended.resolve('killed')
      }, LAST_EVENT_MS)
    }
    child.once('error', (error) => leave(error.message))
    child.once('close', (code, signal) => leave(signal === null ? `exit code ${code}` : signal))
  })
  const stopGuarding = guardAgainstOurEnd(child, folder)
  return {
    child,
    folder,
    console: new ConsoleLog(consoleFile),
    listeners,
    gone,
    exited,
    ended,
    startedMs,
    stopGuarding,
  }
}

async function endQemu({
  child,
  exited,
  listeners,
  console,
  folder,
  stopGuarding,
}: Parts): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL')
  await exited
  stopGuarding()
  for (const listener of Object.values(listeners)) listener.close()
  console.close()
  rmSync(folder, { recursive: true, force: true })
}

/** Let no QEMU outlive us: however we end, short of a SIGKILL, it is killed first. */
function guardAgainstOurEnd(child: ChildProcess, folder: string): () => void {
  const kill = (): void => {
    child.kill('SIGKILL')
    rmSync(folder, { recursive: true, force: true })
  }
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
  const onSignal = (signal: NodeJS.Signals): void => {
    kill()
    // Not by raising it again: others have scratch folders to remove at 'exit'.
    process.exit(128 + os.constants.signals[signal])
  }
  const stop = (): void => {
    process.off('exit', kill)
    for (const signal of signals) process.off(signal, onSignal)
  }
  process.on('exit', kill)
  for (const signal of signals) process.on(signal, onSignal)
  return stop
}

/** A folder whose sockets' names are short enough for the kernel, wherever TMPDIR points. */
function socketFolder(): string {
  const base = os.tmpdir().length + 40 < SOCKET_PATH_MAX ? os.tmpdir() : '/tmp'
  return mkdtempSync(path.join(base, 'kbox-vm-'))
}

async function orAbort<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise: aborted, reject } = Promise.withResolvers<never>()
  const abort = (): void =>
    reject(signal.reason instanceof Error ? signal.reason : new Error(String(signal.reason)))
  if (signal.aborted) abort()
  signal.addEventListener('abort', abort, { once: true })
  try {
    return await Promise.race([promise, aborted])
  } finally {
    signal.removeEventListener('abort', abort)
    aborted.catch(() => undefined)
  }
}
