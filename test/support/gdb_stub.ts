// Writes to a guest's physical memory from outside, through QEMU's gdb stub: for damage that no program in the guest can do.
// Source: gdb manual, appendix E (remote protocol); qemu gdbstub, Qqemu.PhyMemMode.
import net from 'node:net'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Machine } from '../../src/host/rehearse/machine.ts'

/** The stub takes packets of 4 KiB, two digits a byte. */
const CHUNK_SIZE = 512
const CONNECT_TRIES = 500

/** Save a range of a guest's physical memory. */
export async function readPhysical(
  machine: Machine,
  start: number,
  size: number,
): Promise<Uint8Array> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'kbox-memory-'))
  try {
    const filename = path.join(folder, 'memory')
    await machine.qmp.execute('pmemsave', { val: start, size, filename })
    return readFileSync(filename)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** Write to a guest's physical memory; it stands still meanwhile. */
export async function writePhysical(
  machine: Machine,
  address: number,
  bytes: Uint8Array,
): Promise<void> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'kbox-gdb-'))
  try {
    const socket = path.join(folder, 'gdb')
    const line = `gdbserver unix:${socket},server=on,wait=off`
    await machine.qmp.execute('human-monitor-command', { 'command-line': line })
    for (let tries = 0; !existsSync(socket) && tries < CONNECT_TRIES; tries++) await sleep(10)
    const gdb = new GdbConnection(net.connect(socket))
    await gdb.send('Qqemu.PhyMemMode:1')
    for (let at = 0; at < bytes.length; at += CHUNK_SIZE) {
      const chunk = bytes.subarray(at, at + CHUNK_SIZE)
      const where = `${(address + at).toString(16)},${chunk.length.toString(16)}`
      await gdb.send(`M${where}:${Buffer.from(chunk).toString('hex')}`)
    }
    await gdb.send('D')
    gdb.end()
    await machine.qmp.execute('human-monitor-command', { 'command-line': 'gdbserver none' })
  } finally {
    rmSync(folder, { recursive: true })
  }
}

class GdbConnection {
  readonly #socket: net.Socket
  #received = ''

  constructor(socket: net.Socket) {
    this.#socket = socket
    socket.on('data', (bytes) => (this.#received += bytes.toString('latin1')))
  }

  /** Send a packet and wait for its `OK`. */
  async send(packet: string): Promise<void> {
    this.#received = ''
    const sum = Buffer.from(packet).reduce((total, byte) => (total + byte) & 0xff, 0)
    this.#socket.write(`$${packet}#${sum.toString(16).padStart(2, '0')}`)
    for (let tries = 0; tries < CONNECT_TRIES; tries++) {
      // Between answers the stub tells that the machine stands still.
      if (this.#received.includes('$OK#')) {
        this.#socket.write('+')
        return
      }
      const [, error] = /\$(E[^#]*)#/.exec(this.#received) ?? []
      if (error !== undefined)
        throw new Error(`gdb stub answers '${error}' to ${packet.slice(0, 20)}`)
      await sleep(10)
    }
    throw new Error(`no answer of the gdb stub: '${this.#received}'`)
  }

  end(): void {
    this.#socket.destroy()
  }
}
