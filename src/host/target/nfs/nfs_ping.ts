// Asks an NFS server whether it is there, by the procedure that does nothing, before the kernel is made to wait for it: a
// mount(2) cannot be told to stop waiting, this can. Source: RFC 5531 (ONC RPC), RFC 1813 and 7530 (procedure NULL).
import type net from 'node:net'
import { HostError } from '../../../core/base/errors.ts'
import { errnoOf } from '../../platform/file_error.ts'
import { connectTcp, formatAddress, localAddressOf } from '../tcp.ts'

/** An NFS server that answered. */
export interface NfsAnswer {
  readonly address: string
  /** Our address on the way to it. */
  readonly clientAddress: string
  /** It speaks the version that was asked for. */
  readonly hasVersion: boolean
}

const NFS_PROGRAM = 100_003
const CALL = 0
const REPLY = 1
const MSG_ACCEPTED = 0
const SUCCESS = 0
const PROG_MISMATCH = 2
/** A record is one fragment. */
const LAST_FRAGMENT = 0x8000_0000
/** A reply of NULL has 24 bytes, and a verifier of 400 at most. */
const REPLY_SIZE_MAX = 1024

/**
 * Ask one server.
 *
 * @param version 3 or 4
 * @throws {HostError} with the errno, ETIMEDOUT if it accepts the connection and is silent
 */
export async function pingNfs(
  address: string,
  port: number,
  version: number,
  timeoutMs: number,
): Promise<NfsAnswer> {
  const where = formatAddress(address, port)
  const socket = await connectTcp([address], port, timeoutMs)
  let isLate = false
  const timer = setTimeout(() => {
    isLate = true
    socket.destroy()
  }, timeoutMs)
  try {
    socket.write(encodeNullCall(version))
    // A socket that has been read to the end has forgotten it.
    const clientAddress = localAddressOf(socket)
    const { hasVersion } = await readNullReply(socket)
    return { address, clientAddress, hasVersion }
  } catch (cause) {
    if (isLate) {
      const seconds = Math.round(timeoutMs / 1000)
      throw new HostError(
        `${where} takes connections, but answered nothing for ${seconds} s`,
        'ETIMEDOUT',
      )
    }
    if (cause instanceof HostError) throw new HostError(`${where}: ${cause.message}`, cause.errno)
    throw new HostError(`${where}: ${errnoOf(cause)}`, errnoOf(cause), { cause })
  } finally {
    clearTimeout(timer)
    socket.destroy()
  }
}

async function readNullReply(socket: net.Socket): Promise<{ readonly hasVersion: boolean }> {
  let reply = Buffer.alloc(0)
  for await (const chunk of socket as AsyncIterable<Buffer>) {
    reply = Buffer.concat([reply, chunk])
    const parsed = parseNullReply(reply)
    if (parsed) return parsed
  }
  throw new HostError('hung up without an answer', 'ECONNRESET')
}

/** Encode a call of NULL, with its record mark. */
export function encodeNullCall(version: number): Uint8Array {
  const words = [XID, CALL, 2, NFS_PROGRAM, version, 0, 0, 0, 0, 0]
  const view = new DataView(new ArrayBuffer(4 + words.length * 4))
  view.setUint32(0, (LAST_FRAGMENT | (words.length * 4)) >>> 0)
  for (const [i, word] of words.entries()) view.setUint32(4 + i * 4, word)
  return new Uint8Array(view.buffer)
}

const XID = 0x6b62_6f78

/**
 * Parse the reply to NULL.
 *
 * @returns undefined while it is not whole
 * @throws {HostError} if it is none, or refuses us
 */
export function parseNullReply(bytes: Uint8Array): { readonly hasVersion: boolean } | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (bytes.length < 4) return undefined
  const size = view.getUint32(0) & 0x7fff_ffff
  if (size > REPLY_SIZE_MAX || size < 12) throw notNfs()
  if (bytes.length < 4 + size) return undefined
  const word = (offset: number): number => {
    if (offset + 4 > 4 + size) throw notNfs()
    return view.getUint32(offset)
  }
  if (word(4) !== XID || word(8) !== REPLY) throw notNfs()
  if (word(12) !== MSG_ACCEPTED) throw new HostError('the NFS server refuses us', 'EACCES')
  const verifierSize = word(20)
  if (verifierSize > size) throw notNfs()
  const status = word(24 + Math.ceil(verifierSize / 4) * 4)
  if (status === SUCCESS) return { hasVersion: true }
  if (status === PROG_MISMATCH) return { hasVersion: false }
  throw new HostError('no NFS server listens there', 'EPROTONOSUPPORT')
}

const notNfs = (): HostError => new HostError('what answers is no NFS server', 'EPROTO')
