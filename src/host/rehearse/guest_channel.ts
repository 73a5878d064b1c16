// What guest and host tell each other on the second serial port: JSON, one object a line. The guest is ours, but its
// kernel is about to crash: lines may be cut or garbled, and then are dropped.
import type { Duplex } from 'node:stream'
import { parseJson } from './json_members.ts'
import { LineSplitter } from './line_splitter.ts'

/** What the guest says, in this order. */
export type GuestMessage =
  | { readonly event: 'up' }
  | { readonly event: 'workload'; readonly processes: number }
  | { readonly event: 'armed'; readonly output: string }
  | { readonly event: 'truth'; readonly files: number }
  /** One task, as /proc/PID/task/TID/stat has it, a moment before the crash. */
  | { readonly event: 'task'; readonly pid: number; readonly stat: string }
  /** All is prepared; the guest waits for `go` and then dies. */
  | { readonly event: 'ready'; readonly tasks: number }
  /** A command given to say() has ended. */
  | { readonly event: 'ran'; readonly code: number; readonly output: string }
  | { readonly event: 'failed'; readonly step: string; readonly error: string }

const LINE_SIZE_MAX = 1 << 20
/** What the host answers to `ready`. */
export const GO = 'go\n'

/** The host's end. */
export class GuestChannel {
  readonly #socket: Duplex
  readonly #messages: GuestMessage[] = []
  readonly #waiters = new Set<() => void>()

  constructor(socket: Duplex) {
    this.#socket = socket
    const splitter = new LineSplitter(LINE_SIZE_MAX)
    socket.on('data', (chunk: Uint8Array) => {
      for (const line of splitter.push(chunk)) {
        const message = parseGuestMessage(line)
        if (message) this.#messages.push(message)
      }
      for (const waiter of this.#waiters) waiter()
    })
  }

  /** Take messages as they come. @param signal ends the wait; the promise is then rejected with its reason */
  next(signal: AbortSignal): Promise<GuestMessage> {
    const { promise, resolve, reject } = Promise.withResolvers<GuestMessage>()
    const look = (): void => {
      const message = this.#messages.shift()
      if (!message) return
      this.#waiters.delete(look)
      resolve(message)
    }
    const abort = (): void =>
      reject(signal.reason instanceof Error ? signal.reason : new Error(String(signal.reason)))
    signal.addEventListener('abort', abort, { once: true })
    this.#waiters.add(look)
    if (signal.aborted) abort()
    else look()
    return promise.finally(() => {
      signal.removeEventListener('abort', abort)
      this.#waiters.delete(look)
    })
  }

  /** Tell the guest to die. */
  go(): void {
    this.#socket.write(GO)
  }

  /** Say a line to the guest. @param text without its newline */
  say(text: string): void {
    this.#socket.write(`${text}\n`)
  }
}

/** Parse a line; undefined for one that is not a message. */
export function parseGuestMessage(line: string): GuestMessage | undefined {
  const message = parseJson(line)
  const event = message?.text('event')
  switch (event) {
    case 'up':
      return { event }
    case 'workload':
      return { event, processes: message?.number('processes') ?? 0 }
    case 'armed':
      return { event, output: message?.text('output') ?? '' }
    case 'truth':
      return { event, files: message?.number('files') ?? 0 }
    case 'task':
      return { event, pid: message?.number('pid') ?? 0, stat: message?.text('stat') ?? '' }
    case 'ready':
      return { event, tasks: message?.number('tasks') ?? 0 }
    case 'ran':
      return { event, code: message?.number('code') ?? 0, output: message?.text('output') ?? '' }
    case 'failed':
      return { event, step: message?.text('step') ?? '', error: message?.text('error') ?? '' }
    default:
      return undefined
  }
}
