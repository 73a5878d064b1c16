// A file encrypted while it is written, from its start on: what reaches the disk is sealed before. Source: age_format.ts.
import { assert } from '../../../core/base/assert.ts'
import type { HostError } from '../../../core/base/errors.ts'
import type { DumpOutput } from '../dump_output.ts'
import { collectBuffers } from '../garbage.ts'
import { CHUNK_SIZE, sealChunk } from './age_format.ts'
import type { NewAgeFile } from './age_header.ts'

/** Seals what is written, in order, into chunks for `put`. */
export class AgeSealer {
  readonly #key: Uint8Array
  readonly #put: (bytes: Uint8Array) => void
  readonly #content = new Uint8Array(CHUNK_SIZE)
  #used = 0
  #index = 0
  #isEnded = false

  constructor({ head, streamKey }: NewAgeFile, put: (bytes: Uint8Array) => void) {
    this.#key = streamKey
    this.#put = put
    put(head)
  }

  add(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length;) {
      // Not before there is more: the last chunk is sealed as such.
      if (this.#used === CHUNK_SIZE) this.#seal(false)
      const part = bytes.subarray(at, at + CHUNK_SIZE - this.#used)
      this.#content.set(part, this.#used)
      this.#used += part.length
      at += part.length
    }
  }

  /** Seal what is left as the last chunk; nothing may follow. */
  end(): void {
    if (!this.#isEnded) this.#seal(true)
    this.#isEnded = true
  }

  #seal(isLast: boolean): void {
    const content = this.#content.subarray(0, this.#used)
    for (const bytes of sealChunk(this.#key, this.#index, isLast, content)) this.#put(bytes)
    // Each chunk is a new buffer, of which the capture kernel has no room for many.
    collectBuffers()
    this.#index++
    this.#used = 0
  }
}

/** Encrypt a file of pieces. */
export function* sealPieces(
  file: NewAgeFile,
  pieces: Iterable<string | Uint8Array>,
): Generator<Uint8Array> {
  const sealed: Uint8Array[] = []
  const sealer = new AgeSealer(file, (bytes) => void sealed.push(bytes))
  for (const piece of pieces) {
    sealer.add(typeof piece === 'string' ? Buffer.from(piece) : piece)
    yield* sealed.splice(0)
  }
  sealer.end()
  yield* sealed.splice(0)
}

/** Encrypt a dump that is a stream. Offsets must follow one another, as flattenOutput() writes them. */
export function sealOutput(file: NewAgeFile, output: DumpOutput): DumpOutput {
  let sealedEnd = 0
  let end = 0
  const sealer = new AgeSealer(file, (bytes) => {
    if (!output.problem) sealedEnd += output.write(sealedEnd, bytes)
  })
  const finish = (): void => {
    if (!output.problem) sealer.end()
  }
  return {
    name: output.name,
    get problem(): HostError | undefined {
      return output.problem
    },
    write(offset, bytes) {
      assert(offset === end, 'an encrypted file is written in order')
      sealer.add(bytes)
      if (output.problem) return 0
      end += bytes.length
      return bytes.length
    },
    // What was sealed cannot be taken back.
    truncate() {},
    async drain() {
      await output.drain?.()
    },
    sync() {
      finish()
      return output.sync()
    },
    close() {
      finish()
      return output.close()
    },
  }
}
