// Deterministic damage to bytes: what broken disks, cut transfers and hostile writers do to a file.

/** Numbers in [0, 2^32), the same for the same seed (xorshift32), and a list of the damage done by them. */
export class Random {
  readonly seed: number
  /** What was damaged, in order; what was skipped is empty. */
  readonly edits: string[] = []
  readonly #skip: ReadonlySet<number>
  #state: number

  /** @param skip numbers of edits to leave out: the numbers drawn are the same, so that the others stay as they were */
  constructor(seed: number, skip: ReadonlySet<number> = new Set()) {
    this.seed = seed
    this.#skip = skip
    this.#state = Math.imul(seed + 1, 0x9e37_79b1) | 1
  }

  /** Note the next piece of damage; false if it is to be left out. */
  edit(what: () => string): boolean {
    const isWanted = !this.#skip.has(this.edits.length)
    this.edits.push(isWanted ? what() : '')
    return isWanted
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
  for (let count = 1 + random.below(1 + random.below(8)); count > 0; count--) {
    const at = placeOf(bytes, random, hot)
    const { start, patch } = damage(bytes, at, random)
    if (random.edit(() => `0x${start.toString(16)} ${formatBytes(patch)}`)) bytes.set(patch, start)
  }
  if (random.below(8) !== 0) return bytes
  const end = random.below(bytes.length)
  return random.edit(() => `cut at 0x${end.toString(16)}`) ? bytes.subarray(0, end) : bytes
}

function placeOf(bytes: Uint8Array, random: Random, hot: HotRanges): number {
  if (hot.length === 0 || random.below(2) === 0) return random.below(bytes.length)
  const [start, end] = random.pick(hot)
  return Math.min(start + random.below(end - start), bytes.length - 1)
}

const FORMAT_MAX = 16

function formatBytes(bytes: Uint8Array): string {
  const more = bytes.length > FORMAT_MAX ? `… (${bytes.length} bytes)` : ''
  return `= ${Buffer.from(bytes.subarray(0, FORMAT_MAX)).toString('hex')}${more}`
}

interface Patch {
  readonly start: number
  readonly patch: Uint8Array
}

/** Choose what is written where; what would end behind the bytes is cut. */
function damage(bytes: Uint8Array, at: number, random: Random): Patch {
  const little = random.below(8) !== 0
  const word = Math.max(0, Math.min(at & ~7, bytes.length - 8))
  const length = Math.min(random.below(64), bytes.length - at)
  const number = (start: number, size: number, value: bigint): Patch => {
    const patch = new Uint8Array(8)
    const view = new DataView(patch.buffer)
    view.setBigUint64(0, little ? value : value << BigInt(64 - 8 * size), little)
    return { start, patch: patch.subarray(0, Math.min(size, bytes.length - start)) }
  }
  switch (random.below(8)) {
    case 0:
      return number(at, 1, BigInt((bytes[at] as number) ^ (1 << random.below(8))))
    case 1:
      return number(at, 1, BigInt(random.below(256)))
    case 2:
      return number(word + random.below(4) * 2, 2, random.pick(EDGES))
    case 3:
    case 4:
      return number(word + random.below(2) * 4, 4, random.pick(EDGES))
    case 5:
      return number(word, 8, random.pick(EDGES))
    case 6:
      return {
        start: at,
        patch: new Uint8Array(length).fill(random.pick([0, 0xff, 0x61])),
      }
    default: {
      const [from, to] = [random.below(bytes.length), random.below(bytes.length)]
      return { start: at, patch: bytes.slice(from, Math.min(to, from + bytes.length - at)) }
    }
  }
}

/** Damage to text: lines lost, doubled, exchanged, their numbers and letters changed. */
export function mutateText(original: string, random: Random): string {
  const lines = original.split('\n')
  for (let count = 1 + random.below(4); count > 0; count--) {
    const at = random.below(lines.length)
    const changed = damageLine(lines, at, random)
    const was = lines[at] ?? ''
    if (!random.edit(() => `'${was}' becomes '${changed ?? 'nothing'}'`)) continue
    if (changed === undefined) lines.splice(at, 1)
    else lines[at] = changed
  }
  return lines.join('\n')
}

/** What a line becomes; undefined if it is lost. */
function damageLine(lines: readonly string[], at: number, random: Random): string | undefined {
  const line = lines[at] ?? ''
  const value = random.pick(EDGES)
  const edge =
    random.below(2) === 0 ? value.toString(16) : String(random.below(4) === 0 ? -value : value)
  switch (random.below(5)) {
    case 0:
      return undefined
    case 1:
      return lines[random.below(lines.length)] ?? ''
    case 2:
      return line.replace(/=.*/, `=${edge}`)
    case 3:
      return line.slice(0, random.below(line.length + 1))
    default:
      return `${line.slice(0, random.below(line.length))}${String.fromCharCode(random.below(256))}${line}`
  }
}
