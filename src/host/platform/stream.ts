// Writing all bytes to a stream that may be slow: a pipe that Node has made non-blocking answers EAGAIN when it is full.
import fs from 'node:fs'
import { errnoOf } from './file_error.ts'

const RETRY_MS = 2

/** Write all of `bytes` at the end of a stream, however long its reader takes. Throws what writeSync() throws. */
export function writeFully(fd: number, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length;) {
    try {
      done += fs.writeSync(fd, bytes, done, bytes.length - done)
    } catch (error) {
      if (errnoOf(error) !== 'EAGAIN') throw error
      sleep(RETRY_MS)
    }
  }
}

/** Write text for a person. One who does not listen any more (a closed pipe) is no reason to stop. */
export function writeText(fd: number, text: string): void {
  try {
    writeFully(fd, new TextEncoder().encode(text))
  } catch {
    // Nobody to tell.
  }
}

/** Read up to `into.length` bytes of a stream; 0 at its end. Throws what readSync() throws. */
export function readStream(fd: number, into: Uint8Array): number {
  for (;;) {
    try {
      return fs.readSync(fd, into, 0, into.length, null)
    } catch (error) {
      if (errnoOf(error) === 'EOF') return 0
      if (errnoOf(error) !== 'EAGAIN') throw error
      sleep(RETRY_MS)
    }
  }
}

const neverSet = new Int32Array(new SharedArrayBuffer(4))

function sleep(milliseconds: number): void {
  Atomics.wait(neverSet, 0, 0, milliseconds)
}
