// Breadcrumbs: what the recorder does, written to a file's blocks past its file system as it happens. The next boot reads
// them, whatever became of the targets. Nothing here throws, and nothing here waits for a device that is not there.
import { closeSync, constants, openSync, readSync, writeSync } from 'node:fs'
import { HostError } from '../../core/base/errors.ts'
import { decodeCString } from '../../core/base/text.ts'
import { packText } from '../platform/packed_text.ts'
import type { TargetHost } from '../target/target.ts'
import {
  CRUMB_AREAS,
  CRUMB_BLOCK_SIZE,
  CRUMB_PAYLOAD_SIZE,
  encodeCrumbBlock,
  isCrumbBlock,
  type Crumb,
  type CrumbArea,
  type CrumbLogHeader,
} from './breadcrumb_layout.ts'
import type { BreadcrumbPlace } from './capture_config.ts'
import { describeError } from './step_log.ts'

/** What breadcrumbs ask of the machine. */
export type CrumbHost = Pick<TargetHost, 'findDevice' | 'say'>

/** The trail of one capture. */
export class BreadcrumbTrail {
  readonly #place: BreadcrumbPlace | undefined
  readonly #host: CrumbHost
  /** All lines, those of a recorder that died before us included. */
  #text = Buffer.alloc(0)
  /** Bytes of them that are on the disk. */
  #writtenBytes = 0
  #hasRead = false
  #isGivenUp = false

  /** @param place undefined where the machine has none: everything is then ignored */
  constructor(place: BreadcrumbPlace | undefined, host: CrumbHost) {
    this.#place = place
    this.#host = host
  }

  /** Note something, on the disk if its device is there by now. */
  add(crumb: Crumb): void {
    const room = CRUMB_AREAS.steps.blockCount * CRUMB_PAYLOAD_SIZE - this.#text.length
    const line = Buffer.from(`${JSON.stringify(crumb)}\n`)
    if (this.#place === undefined || line.length > room) return
    this.#text = Buffer.concat([this.#text, line])
    this.#write((device) => {
      const from = Math.floor(this.#writtenBytes / CRUMB_PAYLOAD_SIZE)
      device.write(CRUMB_AREAS.steps, from, this.#text.subarray(from * CRUMB_PAYLOAD_SIZE))
      this.#writtenBytes = this.#text.length
    })
  }

  /** Keep the log, its end if it is too long. @returns whether it is on the disk */
  saveLog(pieces: Iterable<string>): boolean {
    if (this.#place === undefined || this.#isGivenUp) return false
    const { bytes, cutBytes } = packText(pieces, CRUMB_AREAS.log.blockCount * CRUMB_PAYLOAD_SIZE)
    const header: CrumbLogHeader = { packedBytes: bytes.length, cutBytes }
    return this.#write((device) => {
      device.write(CRUMB_AREAS.log, 0, bytes)
      device.write(CRUMB_AREAS.logHeader, 0, Buffer.from(`${JSON.stringify(header)}\n`))
    })
  }

  #write(write: (device: CrumbDevice) => void): boolean {
    if (this.#place === undefined || this.#isGivenUp) return false
    try {
      const node = this.#host.findDevice(this.#place)
      if (node === undefined) return false
      // Opened anew each time: while it is open for writing, some kernels do not mount what is on it.
      using device = new CrumbDevice(node, this.#place)
      if (!this.#hasRead) this.#goOn(device)
      write(device)
      return true
    } catch (error) {
      // A mounted disk may be refused for now (EBUSY); a file that is not there any more stays so.
      this.#isGivenUp = !(error instanceof Error && 'code' in error && error.code === 'EBUSY')
      if (this.#isGivenUp) this.#host.say(`no breadcrumbs: ${describeError(error)}`)
      return false
    }
  }

  /** Whoever wrote before us, and died, keeps his lines. */
  #goOn(device: CrumbDevice): void {
    const earlier = Buffer.from(decodeCString(device.read(CRUMB_AREAS.steps)))
    this.#hasRead = true
    if (earlier.length === 0) return
    this.#text = Buffer.concat([earlier, this.#text])
    this.#writtenBytes = earlier.length
  }
}

/** The device, open for one write. */
class CrumbDevice {
  readonly #fd: number
  readonly #node: string
  readonly #place: BreadcrumbPlace

  constructor(node: string, place: BreadcrumbPlace) {
    this.#fd = openSync(node, constants.O_RDWR | constants.O_DSYNC)
    this.#node = node
    this.#place = place
  }

  /** Read the payload of an area up to its first block that holds nothing. */
  read(area: CrumbArea): Uint8Array {
    const payloads: Uint8Array[] = []
    for (let i = 0; i < area.blockCount; i++) {
      const payload = this.#readOwn(area.firstBlock + i).subarray(-CRUMB_PAYLOAD_SIZE)
      if (payload[0] === 0) break
      payloads.push(payload)
    }
    return Buffer.concat(payloads)
  }

  /** Write `bytes` from the area's block `from` on. @throws {HostError} if a block is not ours */
  write(area: CrumbArea, from: number, bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; at += CRUMB_PAYLOAD_SIZE) {
      const index = area.firstBlock + from + at / CRUMB_PAYLOAD_SIZE
      this.#readOwn(index)
      const block = encodeCrumbBlock(this.#place.nonce, bytes.subarray(at, at + CRUMB_PAYLOAD_SIZE))
      const written = writeSync(this.#fd, block, 0, block.length, this.#offsetOf(index))
      if (written < block.length) throw new HostError(`${this.#node}: a write was cut short`, 'EIO')
    }
  }

  [Symbol.dispose](): void {
    closeSync(this.#fd)
  }

  #readOwn(index: number): Uint8Array {
    const block = new Uint8Array(CRUMB_BLOCK_SIZE)
    const offset = this.#offsetOf(index)
    readSync(this.#fd, block, 0, block.length, offset)
    if (isCrumbBlock(block, this.#place.nonce)) return block
    throw new HostError(
      `${this.#node}: what lies at 0x${offset.toString(16)} is not the breadcrumb file that was there when the machine was armed`,
    )
  }

  #offsetOf(index: number): number {
    let left = index * CRUMB_BLOCK_SIZE
    for (const { offsetBytes, sizeBytes } of this.#place.extents) {
      if (left + CRUMB_BLOCK_SIZE <= sizeBytes) return offsetBytes + left
      left -= sizeBytes
    }
    throw new HostError(`the breadcrumb file has no block ${index}`)
  }
}
