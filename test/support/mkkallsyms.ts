// Writes the kernel's symbol tables as they lie in its memory, from nm's lines: `ffffffff81000000 T _stext`.
// Source: scripts/kallsyms.c. One block: addresses, relative base, count, names, token table, token index.

/** How addresses are stored; 'percpu' is base-relative with absolute percpu symbols. */
export type KallsymsEncoding = 'absolute' | 'percpu' | 'relative' | 'place'

/** What the tables hold and how. */
export interface KallsymsRecipe {
  /** Lines of address, type letter, name; table order. */
  readonly symbols: string
  /** Virtual address of the block. */
  readonly at: bigint
  readonly encoding: KallsymsEncoding
  readonly littleEndian?: boolean
  /** Base of the relative encodings; the lowest kernel address if not given. */
  readonly base?: bigint
}

/** The finished tables. */
export interface KallsymsImage {
  readonly bytes: Uint8Array
  /** Lines of VMCOREINFO that locate the tables. */
  readonly vmcoreinfo: string
  /** Offsets of the tables in `bytes`, by the kernel's names. */
  readonly offsets: ReadonlyMap<string, number>
}

/** One line of nm. */
export interface NmSymbol {
  readonly address: bigint
  readonly type: string
  readonly name: string
}

/** Strings that get a token of their own, so that names are compressed; the rest goes letter by letter. */
const TOKENS = ['__', 'sched_', 'task', 'init_', 'Tdo_', '_text', 'kallsyms_']

/** Parse nm's lines; empty lines are skipped. */
export function parseNm(text: string): NmSymbol[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .map((line) => {
      const [address = '0', type = '?', name = ''] = line.split(/\s+/)
      return { address: BigInt(`0x${address}`), type, name }
    })
}

/** Build the tables. */
export function mkkallsyms(recipe: KallsymsRecipe): KallsymsImage {
  const symbols = parseNm(recipe.symbols)
  const little = recipe.littleEndian ?? true
  const kernel = symbols
    .map(({ address }) => address)
    .filter((address) => address >= 0xffff_0000_0000_0000n)
  const base =
    recipe.base ?? kernel.reduce((low, address) => (address < low ? address : low), 2n ** 64n - 1n)
  const { tokenTable, tokenIndex, codes } = makeTokens(little)
  const parts: [string, Uint8Array][] = [
    ['kallsyms_num_syms', word(4, BigInt(symbols.length), little)],
    ['kallsyms_names', concat(symbols.map((symbol) => packName(symbol, codes)))],
    ['kallsyms_token_table', tokenTable],
    ['kallsyms_token_index', tokenIndex],
  ]
  if (recipe.encoding === 'percpu' || recipe.encoding === 'relative') {
    parts.unshift(['kallsyms_relative_base', word(8, base, little)])
  }
  const table = recipe.encoding === 'absolute' ? 'kallsyms_addresses' : 'kallsyms_offsets'
  parts.unshift([table, addressTable(recipe, symbols, base, little)])
  return layOut(parts, recipe.at)
}

function layOut(parts: readonly [string, Uint8Array][], at: bigint): KallsymsImage {
  const offsets = new Map<string, number>()
  let end = 0
  for (const [name, bytes] of parts) {
    offsets.set(name, end)
    end = Math.ceil((end + bytes.length) / 8) * 8
  }
  const bytes = new Uint8Array(end)
  for (const [name, part] of parts) bytes.set(part, offsets.get(name))
  const lines = Array.from(
    offsets,
    ([name, offset]) => `SYMBOL(${name})=${(at + BigInt(offset)).toString(16)}\n`,
  )
  return { bytes, vmcoreinfo: lines.join(''), offsets }
}

function addressTable(
  { encoding, at }: KallsymsRecipe,
  symbols: readonly NmSymbol[],
  base: bigint,
  little: boolean,
): Uint8Array {
  const words = symbols.map(({ address }, row) => {
    switch (encoding) {
      case 'absolute':
        return word(8, address, little)
      case 'relative':
        return word(4, address - base, little)
      case 'percpu':
        return word(4, address < 0x8000_0000n ? address : base - 1n - address, little)
      case 'place':
        return word(4, address - (at + BigInt(row * 4)), little)
    }
  })
  return concat(words)
}

interface Tokens {
  readonly tokenTable: Uint8Array
  readonly tokenIndex: Uint8Array
  /** Token text → code, longest first. */
  readonly codes: readonly (readonly [string, number])[]
}

/** Codes of printable characters are those characters; the multi-letter tokens take codes from 0x80. */
function makeTokens(little: boolean): Tokens {
  const texts = Array.from({ length: 256 }, (_, code) => {
    if (code > 0x20 && code < 0x7f) return String.fromCharCode(code)
    return TOKENS[code - 0x80] ?? ''
  })
  const table: number[] = []
  const index: Uint8Array[] = []
  for (const text of texts) {
    index.push(word(2, BigInt(table.length), little))
    table.push(...new TextEncoder().encode(text), 0)
  }
  const codes = texts.map((text, code) => [text, code] as const).filter(([text]) => text !== '')
  codes.sort(([a], [b]) => b.length - a.length)
  return { tokenTable: Uint8Array.from(table), tokenIndex: concat(index), codes }
}

/** The type letter and the name, in tokens, behind a length of one byte, or two if it exceeds 127. */
function packName({ type, name }: NmSymbol, codes: Tokens['codes']): Uint8Array {
  const packed: number[] = []
  for (let rest = type + name; rest !== '';) {
    const found = codes.find(([text]) => rest.startsWith(text))
    if (!found) throw new Error(`kallsyms has no token for '${rest}'`)
    packed.push(found[1])
    rest = rest.slice(found[0].length)
  }
  const { length } = packed
  return Uint8Array.from(
    length > 0x7f ? [(length & 0x7f) | 0x80, length >> 7, ...packed] : [length, ...packed],
  )
}

function word(size: 2 | 4 | 8, value: bigint, little: boolean): Uint8Array {
  const bytes = new Uint8Array(size)
  for (let i = 0; i < size; i++) {
    bytes[little ? i : size - 1 - i] = Number((value >> BigInt(8 * i)) & 0xffn)
  }
  return bytes
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    bytes.set(part, at)
    at += part.length
  }
  return bytes
}
