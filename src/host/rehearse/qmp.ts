// A client of QEMU's machine protocol: one JSON object a line, over a socket. Source: QEMU docs/interop/qmp-spec.rst.
import type { Duplex } from 'node:stream'
import { FormatError, HostError } from '../../core/base/errors.ts'
import { LineSplitter } from './line_splitter.ts'

/** Something QEMU tells unasked. */
export interface QmpEvent {
  /** Such as SHUTDOWN, RESET, GUEST_PANICKED. */
  readonly event: string
  readonly data: Readonly<Record<string, unknown>>
}

interface Pending {
  readonly command: string
  readonly resolve: (result: unknown) => void
  readonly reject: (error: Error) => void
}

const COMMAND_TIMEOUT_MS = 10_000
const LINE_SIZE_MAX = 1 << 22
const NAME = 'QMP'

/** One connection to a running QEMU. */
export class QmpClient {
  readonly events: QmpEvent[] = []
  readonly #socket: Duplex
  readonly #pending = new Map<number, Pending>()
  readonly #onEvent: (event: QmpEvent) => void
  readonly #greeted = Promise.withResolvers<void>()
  #nextId = 1
  #closed: Error | undefined

  private constructor(socket: Duplex, onEvent: (event: QmpEvent) => void) {
    this.#socket = socket
    this.#onEvent = onEvent
    this.#greeted.promise.catch(() => undefined)
    const splitter = new LineSplitter(LINE_SIZE_MAX)
    socket.on('data', (chunk: Uint8Array) => {
      try {
        for (const line of splitter.push(chunk)) this.#receive(line)
      } catch (error) {
        this.#fail(error instanceof Error ? error : new Error(String(error)))
        socket.destroy()
      }
    })
    for (const sign of ['end', 'close']) {
      socket.once(sign, () => this.#fail(new HostError('QEMU closed its QMP connection')))
    }
  }

  /**
   * Take up a connection: wait for QEMU's greeting and leave negotiation mode.
   *
   * @throws {HostError} if QEMU goes away or does not greet in time
   */
  static async open(socket: Duplex, onEvent: (event: QmpEvent) => void): Promise<QmpClient> {
    const client = new QmpClient(socket, onEvent)
    await withTimeout(
      client.#greeted.promise,
      COMMAND_TIMEOUT_MS,
      'QEMU did not greet on its QMP connection',
    )
    await client.execute('qmp_capabilities')
    return client
  }

  /**
   * Execute a command.
   *
   * @returns its `return` member
   * @throws {HostError} with QEMU's own description if it refuses, goes away or does not answer
   */
  async execute(
    command: string,
    args: Readonly<Record<string, unknown>> = {},
    timeoutMs = COMMAND_TIMEOUT_MS,
  ): Promise<unknown> {
    if (this.#closed) throw this.#closed
    const id = this.#nextId++
    const { promise, resolve, reject } = Promise.withResolvers<unknown>()
    this.#pending.set(id, { command, resolve, reject })
    this.#socket.write(`${JSON.stringify({ execute: command, arguments: args, id })}\n`)
    try {
      return await withTimeout(promise, timeoutMs, `QEMU did not answer ${command}`)
    } finally {
      this.#pending.delete(id)
    }
  }

  #receive(line: string): void {
    const message = parseObject(line)
    const { event, error, id } = message
    if ('QMP' in message) {
      this.#greeted.resolve()
    } else if (typeof event === 'string') {
      const received = { event, data: isRecord(message['data']) ? message['data'] : {} }
      this.events.push(received)
      this.#onEvent(received)
    } else {
      const pending = typeof id === 'number' ? this.#pending.get(id) : undefined
      if (!pending) return
      if (isRecord(error))
        pending.reject(new HostError(`QEMU refused ${pending.command}: ${String(error['desc'])}`))
      else pending.resolve(message['return'])
    }
  }

  #fail(error: Error): void {
    this.#closed ??= error
    this.#greeted.reject(error)
    for (const { reject } of this.#pending.values()) reject(error)
    this.#pending.clear()
  }
}

function parseObject(line: string): Readonly<Record<string, unknown>> {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch (cause) {
    throw new FormatError(NAME, 0, `not JSON: ${line.slice(0, 80)}`, { cause })
  }
  if (!isRecord(value)) throw new FormatError(NAME, 0, `not an object: ${line.slice(0, 80)}`)
  return value
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

async function withTimeout<T>(promise: Promise<T>, timeoutMs: number, message: string): Promise<T> {
  const { promise: expired, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => reject(new HostError(message, 'ETIMEDOUT')), timeoutMs)
  try {
    return await Promise.race([promise, expired])
  } finally {
    clearTimeout(timer)
  }
}
