// SHA-256, for what must be computed in a browser as well: synchronous, and of a few hundred bytes. Source: FIPS 180-4. Files
// are hashed by the host, whose own is a hundred times faster.
import { formatHexBytes } from './hex.ts'

const BLOCK = 64
const ROUNDS = 64

/** The first 32 bits of the fractional parts of the cube roots of the first 64 primes, and of the square roots of 8. */
const { K, START } = constants()

/** SHA-256 of bytes, as hex. */
export function sha256(bytes: Uint8Array): string {
  const padded = pad(bytes)
  const view = new DataView(padded.buffer)
  const state = Uint32Array.from(START)
  const words = new Uint32Array(ROUNDS)
  for (let at = 0; at < padded.length; at += BLOCK) compress(state, words, view, at)
  const digest = new DataView(new ArrayBuffer(32))
  state.forEach((word, index) => digest.setUint32(index * 4, word))
  return formatHexBytes(new Uint8Array(digest.buffer))
}

/** A 1 bit, zeros, and the length in bits. */
function pad(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const padded = new Uint8Array(Math.ceil((bytes.length + 9) / BLOCK) * BLOCK)
  padded.set(bytes)
  padded[bytes.length] = 0x80
  new DataView(padded.buffer).setBigUint64(padded.length - 8, BigInt(bytes.length) * 8n)
  return padded
}

function compress(state: Uint32Array, words: Uint32Array, view: DataView, at: number): void {
  const w = (index: number): number => words[index] ?? 0
  for (let i = 0; i < 16; i++) words[i] = view.getUint32(at + i * 4)
  for (let i = 16; i < ROUNDS; i++) {
    const [a, b] = [w(i - 15), w(i - 2)]
    const small0 = rotate(a, 7) ^ rotate(a, 18) ^ (a >>> 3)
    const small1 = rotate(b, 17) ^ rotate(b, 19) ^ (b >>> 10)
    words[i] = w(i - 16) + small0 + w(i - 7) + small1
  }
  let [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0] = state
  for (let i = 0; i < ROUNDS; i++) {
    const large1 = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)
    const first = (h + large1 + ((e & f) ^ (~e & g)) + (K[i] ?? 0) + w(i)) | 0
    const large0 = rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)
    const second = (large0 + ((a & b) ^ (a & c) ^ (b & c))) | 0
    ;[h, g, f, e, d, c, b, a] = [g, f, e, (d + first) | 0, c, b, a, (first + second) | 0]
  }
  for (const [index, value] of [a, b, c, d, e, f, g, h].entries())
    state[index] = (state[index] ?? 0) + value
}

const rotate = (word: number, bits: number): number => (word >>> bits) | (word << (32 - bits))

function constants(): { readonly K: Uint32Array; readonly START: Uint32Array } {
  const primes: number[] = []
  for (let n = 2; primes.length < ROUNDS; n++)
    if (primes.every((prime) => n % prime !== 0)) primes.push(n)
  const fraction = (root: number): number => Math.floor((root - Math.floor(root)) * 2 ** 32)
  return {
    K: Uint32Array.from(primes, (prime) => fraction(Math.cbrt(prime))),
    START: Uint32Array.from(primes.slice(0, 8), (prime) => fraction(Math.sqrt(prime))),
  }
}
