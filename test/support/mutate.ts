// Deterministic damage to bytes: what broken disks, cut transfers and hostile writers do to a file.

/** Numbers in [0, 2^32), the same for the same seed (xorshift32). */
export class Random {
  #state: number

  constructor(seed: number) {
    this.#state = Math.imul(seed + 1, 0x9e37_79b1) | 1
  }

  next(): number {
    let x = this.#state
    x ^= x << 13
    x ^= x >>> 17
    x ^= x << 5
    this.#state = x
    return x >>> 0
  }

  /** In [0, limit). */
  below(limit: number): number {
    return limit <= 0 ? 0 : this.next() % limit
  }

  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)] as T
  }
}

/** Values at which readers break: limits of widths, signs and exactness. */
const EDGES: readonly bigint[] = [
  0n,
  1n,
  7n,
  0x7fn,
  0x80n,
  0xffn,
  0x1000n,
  0x7fffn,
  0xffffn,
  0x10000n,
  0x7fff_ffffn,
  0x8000_0000n,
  0xffff_ffffn,
  2n ** 32n,
  2n ** 40n,
  2n ** 53n - 1n,
  2n ** 53n,
  2n ** 63n,
  2n ** 64n - 1n,
  0xdead_0000_0000_0100n,
  0xffff_8880_0000_0000n,
  0xffff_ffff_8100_0000n,
]

/** Ranges that hold headers and counts rather than bulk; half of all damage goes there. */
export type HotRanges = readonly (readonly [start: number, end: number])[]

/** Damage a copy of `original` in one to eight ways; one in eight copies is also cut short. */
export function mutate(original: Uint8Array, random: Random, hot: HotRanges = []): Uint8Array {
  const bytes = original.slice()
  const view = new DataView(bytes.buffer)
  for (let count = 1 + random.below(8); count > 0; count--)
    damage(bytes, view, placeOf(bytes, random, hot), random)
  return random.below(8) === 0 ? bytes.subarray(0, random.below(bytes.length)) : bytes
}

function placeOf(bytes: Uint8Array, random: Random, hot: HotRanges): number {
  if (hot.length === 0 || random.below(2) === 0) return random.below(bytes.length)
  const [start, end] = random.pick(hot)
  return Math.min(start + random.below(end - start), bytes.length - 1)
}

function damage(bytes: Uint8Array, view: DataView, at: number, random: Random): void {
  const little = random.below(8) !== 0
  const word = Math.max(0, Math.min(at & ~7, bytes.length - 8))
  const length = Math.min(random.below(64), bytes.length - at)
  switch (random.below(8)) {
    case 0:
      bytes[at] = (bytes[at] as number) ^ (1 << random.below(8))
      return
    case 1:
      bytes[at] = random.below(256)
      return
    case 2:
      if (bytes.length >= 8)
        view.setUint16(word + random.below(4) * 2, Number(random.pick(EDGES) & 0xffffn), little)
      return
    case 3:
    case 4:
      if (bytes.length >= 8)
        view.setUint32(
          word + random.below(2) * 4,
          Number(random.pick(EDGES) & 0xffff_ffffn),
          little,
        )
      return
    case 5:
      if (bytes.length >= 8) view.setBigUint64(word, random.pick(EDGES), little)
      return
    case 6:
      bytes.fill(random.pick([0, 0xff, 0x61]), at, at + length)
      return
    default:
      bytes.copyWithin(at, random.below(bytes.length), random.below(bytes.length))
  }
}

/** Damage to text: lines lost, doubled, exchanged, their numbers and letters changed. */
export function mutateText(original: string, random: Random): string {
  const lines = original.split('\n')
  for (let count = 1 + random.below(4); count > 0; count--) {
    const at = random.below(lines.length)
    const line = lines[at] ?? ''
    const value = random.pick(EDGES)
    const edge =
      random.below(2) === 0 ? value.toString(16) : String(random.below(4) === 0 ? -value : value)
    switch (random.below(5)) {
      case 0:
        lines.splice(at, 1)
        break
      case 1:
        lines[at] = lines[random.below(lines.length)] ?? ''
        break
      case 2:
        lines[at] = line.replace(/=.*/, `=${edge}`)
        break
      case 3:
        lines[at] = line.slice(0, random.below(line.length + 1))
        break
      default:
        lines[at] =
          `${line.slice(0, random.below(line.length))}${String.fromCharCode(random.below(256))}${line}`
    }
  }
  return lines.join('\n')
}
