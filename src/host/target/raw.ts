// A disk or partition without a file system: the dump as a flattened stream at its start, so that `makedumpfile -R vmcore <
// DEVICE` reads it; log and manifest at its end.
import { closeSync, constants, fsyncSync, openSync, writeSync } from 'node:fs'
import { HostError, UnsupportedError } from '../../core/base/errors.ts'
import type { DumpOutput } from '../platform/dump_output.ts'
import { errnoOf } from '../platform/file_error.ts'
import { flattenOutput } from '../platform/flattened_output.ts'
import { packText } from '../platform/packed_text.ts'
import { formatPlace, type RawPlace } from './place.ts'
import {
  encodeRawIndex,
  RAW_AREA_SIZE,
  RAW_BLOCK_SIZE,
  rawAreaOffset,
  type RawIndex,
} from './raw_layout.ts'
import type { OpenTarget, TargetDirectory, TargetHost, TargetKind } from './target.ts'

const POLL_INTERVAL_MS = 100

/** Any block device. */
export const raw: TargetKind<RawPlace> = {
  kind: 'raw',
  async open(place, host, { openMs }): Promise<OpenTarget> {
    const node = await host.step('device', () => waitForDisk(place, host, openMs))
    const device = new RawDevice(node, place.sizeBytes)
    return {
      name: `raw ${node}`,
      clientAddress: '127.0.0.1',
      dumpName: 'vmcore.flat',
      takesReserve: false,
      freeBytes: async () => rawAreaOffset(place.sizeBytes),
      makeDirectory: async (name) => device.begin(name),
      async close() {
        await host.step('flush', () => device.close())
      },
    }
  },
}

async function waitForDisk(place: RawPlace, host: TargetHost, openMs: number): Promise<string> {
  const startMs = host.now()
  for (let tries = 0; ; tries++) {
    const node = host.findDisk(place)
    if (node !== undefined) return node
    if (host.now() >= openMs) {
      const seconds = Math.round((host.now() - startMs) / 1000)
      throw new HostError(`no device is ${formatPlace(place)} after ${seconds} s`, 'ETIMEDOUT')
    }
    host.heartbeat(`device ${tries}`)
    await host.sleep(POLL_INTERVAL_MS)
  }
}

/** The device as a folder of one crash. */
class RawDevice {
  readonly #fd: number
  readonly #node: string
  readonly #areaOffset: number
  #index: RawIndex = { directory: '', dumpName: '', dumpBytes: 0, files: [] }
  /** Where the next file of the area goes. */
  #next: number

  constructor(node: string, sizeBytes: number) {
    this.#node = node
    this.#areaOffset = rawAreaOffset(sizeBytes)
    this.#next = this.#areaOffset + RAW_BLOCK_SIZE
    try {
      this.#fd = openSync(node, constants.O_RDWR)
    } catch (cause) {
      throw new HostError(`${node}: cannot be opened: ${errnoOf(cause)}`, errnoOf(cause), { cause })
    }
  }

  begin(name: string): TargetDirectory {
    this.#setIndex({ directory: name, dumpName: '', dumpBytes: 0, files: [] })
    const sizeOf = (file: string): number | undefined => {
      if (file === this.#index.dumpName) return this.#index.dumpBytes
      return this.#index.files.find((known) => known.name === file)?.textBytes
    }
    return {
      name: this.#node,
      writeFile: async (file, pieces) => this.#writeFile(file, pieces),
      openDump: async (file) => this.#openDump(file),
      openStream: async () => {
        throw new UnsupportedError(`${this.#node}: what is no dump on a raw target`)
      },
      rename: async (from, to) => {
        if (from === this.#index.dumpName) this.#setIndex({ ...this.#index, dumpName: to })
      },
      remove: async (file) => {
        if (file === this.#index.dumpName) this.#setIndex({ ...this.#index, dumpName: '' })
      },
      sizeOf: async (file) => sizeOf(file),
      // A stream cannot be told before it is what it describes.
      digestOf: async () => undefined,
      discard: async () => this.#write(new Uint8Array(RAW_BLOCK_SIZE), this.#areaOffset),
    }
  }

  close(): void {
    fsyncSync(this.#fd)
    closeSync(this.#fd)
  }

  /** A file never has more than half of what is left, so that those that come last have room too. */
  #writeFile(name: string, pieces: Iterable<string | Uint8Array>): void {
    const room = this.#areaOffset + RAW_AREA_SIZE - this.#next
    const { bytes, textBytes } = packText(pieces, Math.floor(room / 2))
    this.#write(bytes, this.#next)
    const file = { name, offsetBytes: this.#next, sizeBytes: bytes.length, textBytes }
    this.#next += Math.ceil(bytes.length / RAW_BLOCK_SIZE) * RAW_BLOCK_SIZE
    const others = this.#index.files.filter((other) => other.name !== name)
    this.#setIndex({ ...this.#index, files: [...others, file] })
  }

  #openDump(name: string): DumpOutput {
    this.#setIndex({ ...this.#index, dumpName: name, dumpBytes: 0 })
    return flattenOutput(this.#stream())
  }

  #stream(): DumpOutput {
    let problem: HostError | undefined
    const node = this.#node
    return {
      name: node,
      get problem() {
        return problem
      },
      write: (offset, bytes) => {
        const size = Math.max(0, Math.min(bytes.length, this.#areaOffset - offset))
        if (size < bytes.length) {
          const room = `${this.#areaOffset} bytes of ${node}`
          problem ??= new HostError(`no space: the dump needs more than ${room} (ENOSPC)`, 'ENOSPC')
        }
        let done = 0
        try {
          while (done < size) done += writeSync(this.#fd, bytes, done, size - done, offset + done)
        } catch (cause) {
          const errno = errnoOf(cause)
          const at = `offset 0x${(offset + done).toString(16)}`
          problem ??= new HostError(`${node}: cannot write at ${at}: ${errno}`, errno, { cause })
        }
        const dumpBytes = Math.max(this.#index.dumpBytes, offset + done)
        this.#index = { ...this.#index, dumpBytes }
        return done
      },
      truncate() {},
      sync: () => this.#setIndex(this.#index),
      // The device stays open for what comes after the dump.
      close: () => this.#setIndex(this.#index),
    }
  }

  #setIndex(index: RawIndex): void {
    this.#index = index
    this.#write(encodeRawIndex(index), this.#areaOffset)
    try {
      fsyncSync(this.#fd)
    } catch (cause) {
      throw new HostError(`${this.#node}: cannot flush: ${errnoOf(cause)}`, errnoOf(cause), {
        cause,
      })
    }
  }

  #write(bytes: Uint8Array, offset: number): void {
    try {
      for (let done = 0; done < bytes.length;)
        done += writeSync(this.#fd, bytes, done, bytes.length - done, offset + done)
    } catch (cause) {
      const errno = errnoOf(cause)
      throw new HostError(`${this.#node}: cannot be written: ${errno}`, errno, { cause })
    }
  }
}
