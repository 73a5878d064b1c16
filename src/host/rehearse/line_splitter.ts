// Cuts a byte stream into lines of text.
import { StringDecoder } from 'node:string_decoder'
import { HostError } from '../../core/base/errors.ts'

/** Keeps the unfinished line between chunks. */
export class LineSplitter {
  readonly #decoder = new StringDecoder('utf8')
  readonly #sizeMax: number
  #rest = ''

  /** @param sizeMax characters a line may have */
  constructor(sizeMax: number) {
    this.#sizeMax = sizeMax
  }

  /** Take the next bytes; returns the lines they finish, without '\r' and '\n'. @throws {HostError} for a line without end */
  push(chunk: Uint8Array): string[] {
    const lines = (this.#rest + this.#decoder.write(Buffer.from(chunk))).split('\n')
    this.#rest = lines.pop() ?? ''
    if (this.#rest.length > this.#sizeMax)
      throw new HostError(`a line of more than ${this.#sizeMax} characters`)
    return lines.map((line) => line.replaceAll('\r', ''))
  }

  /** The unfinished line. */
  get rest(): string {
    return this.#rest
  }
}
