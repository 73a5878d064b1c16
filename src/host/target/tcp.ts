// A TCP connection to whichever of a server's addresses answers first, tried in turn.
import net from 'node:net'
import { HostError } from '../../core/base/errors.ts'
import { errnoOf } from '../platform/file_error.ts'

/**
 * Connect to one of `addresses`. Each gets its part of the time, so that a dead one does not use it up.
 *
 * @throws {HostError} with the last address's errno, naming all of them
 */
export async function connectTcp(
  addresses: readonly string[],
  port: number,
  timeoutMs: number,
): Promise<net.Socket> {
  const endMs = performance.now() + timeoutMs
  const failures: string[] = []
  let errno = 'EADDRNOTAVAIL'
  for (const [index, address] of addresses.entries()) {
    const left = (endMs - performance.now()) / (addresses.length - index)
    try {
      return await connectTo(address, port, Math.max(1, left))
    } catch (error) {
      errno = errnoOf(error)
      failures.push(`${formatAddress(address, port)}: ${errno}`)
    }
  }
  throw new HostError(`no connection: ${failures.join(', ')}`, errno)
}

/** Our address on a connection, IPv4 as such. */
export function localAddressOf(socket: net.Socket): string {
  return (socket.localAddress ?? '').replace(/^::ffff:/, '')
}

/** `192.0.2.1:22`, `[2001:db8::1]:22`. */
export function formatAddress(address: string, port: number): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`
}

async function connectTo(address: string, port: number, timeoutMs: number): Promise<net.Socket> {
  const socket = net.connect({ host: address, port, noDelay: true })
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      socket.destroy()
      reject(Object.assign(new Error('timeout'), { code: 'ETIMEDOUT' }))
    }, timeoutMs)
    socket.once('connect', () => {
      clearTimeout(timer)
      resolve(socket)
    })
    // Stays: an error that comes before the next one listens must not end the process.
    socket.on('error', (error) => {
      clearTimeout(timer)
      reject(error)
    })
  })
}
