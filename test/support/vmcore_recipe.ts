// A vmcore described in a few readable lines; mkdiskdump.ts and mkelf.ts make the file.
//
//   format diskdump            # or elf
//   version 6                  # any `key value` sets a fact: endian big, block_size 65536, machine x86_64, status 8, …
//   abi i386                   # or arm: the headers of a 32-bit machine
//   part 4-8                   # the file of a split dump that holds frames 4 to 7
//   vmcoreinfo OSRELEASE=6.1.0 # one line of VMCOREINFO
//   note CORE 1 336 fill 0x11  # name, type, bytes of desc, content
//   page 0-3 zlib              # codec or raw; content `count` if not given: each u64 holds its own physical address
//   page 4 raw text hello      # contents: count, fill BYTE, text …, hex …, noise SEED
//   page 5 zero                # shares the file's one page of zeros
//   page 6 excluded            # in RAM, not in the dump
//   page 8 lost                # descriptor without data (page 7: no RAM there)
//   page 9 stored 0x20 hex 00ff # page_desc.flags and stored bytes given literally: damage
//   segment 0x100000 0x3000 0x4000 [at 0x5000]   # ELF: physical start, bytes in file, bytes of memory, file offset
//   lie max_mapnr_64 0xffffffffffff               # a header field says something else
//   cut 4096                   # the file ends here; negative: that many bytes lost at the end

/** What a `page` line says of its page frame. */
export type PageKind =
  | 'raw'
  | 'zlib'
  | 'lzo'
  | 'snappy'
  | 'zstd'
  | 'zero'
  | 'excluded'
  | 'lost'
  | 'stored'

/** One page frame of a kdump-compressed recipe. */
export interface PageRecipe {
  readonly pfn: number
  readonly kind: PageKind
  readonly content: Uint8Array
  /** page_desc.flags of kind 'stored', whose content goes into the file as it is. */
  readonly flags: number
}

/** One PT_LOAD of an ELF recipe. */
export interface SegmentRecipe {
  readonly start: number
  readonly fileSize: number
  readonly memorySize: number
  readonly offset: number | undefined
}

/** One ELF note. */
export interface NoteRecipe {
  readonly name: string
  readonly type: number
  readonly desc: Uint8Array
}

/** A recipe, parsed. */
export interface VmcoreRecipe {
  readonly facts: ReadonlyMap<string, string>
  readonly vmcoreinfo: string
  readonly notes: readonly NoteRecipe[]
  readonly pages: readonly PageRecipe[]
  readonly segments: readonly SegmentRecipe[]
  readonly lies: readonly (readonly [field: string, value: bigint])[]
  readonly cut: number | undefined
}

/** Parse a recipe. Throws Error for a line it does not know: recipes are ours. */
export function parseRecipe(text: string): VmcoreRecipe {
  const facts = new Map<string, string>()
  const notes: NoteRecipe[] = []
  const pages: PageRecipe[] = []
  const segments: SegmentRecipe[] = []
  const lies: [string, bigint][] = []
  let vmcoreinfo = ''
  let cut: number | undefined
  const lines = text.split('\n').map((line) => line.replace(/\s+# .*$|^\s*#.*$/, '').trim())
  for (const line of lines.filter((candidate) => candidate !== '')) {
    const [verb = '', ...words] = line.split(/\s+/)
    const rest = line.slice(verb.length).trim()
    const little = facts.get('endian') !== 'big'
    if (verb === 'vmcoreinfo') vmcoreinfo += `${rest}\n`
    else if (verb === 'page') pages.push(...parsePages(words, pageSizeOf(facts), little))
    else if (verb === 'segment') segments.push(parseSegment(words))
    else if (verb === 'note') notes.push(parseNote(words))
    else if (verb === 'lie') lies.push([words[0] ?? '', BigInt(words[1] ?? '0')])
    else if (verb === 'cut') cut = Number(rest)
    else facts.set(verb, rest)
  }
  return { facts, vmcoreinfo, notes, pages, segments, lies, cut }
}

/** A numeric fact, or `fallback`. */
export function numberFact({ facts }: VmcoreRecipe, key: string, fallback: number): number {
  const text = facts.get(key)
  return text === undefined ? fallback : Number(text)
}

/** Bytes whose every u64 holds its own physical address: a misplaced read shows. */
export function countBytes(start: number, size: number, little: boolean): Uint8Array {
  const bytes = new Uint8Array(size)
  const view = new DataView(bytes.buffer)
  for (let at = 0; at + 8 <= size; at += 8) view.setBigUint64(at, BigInt(start + at), little)
  return bytes
}

/** End the file where the recipe says. */
export function cutBytes(bytes: Uint8Array, cut: number | undefined): Uint8Array {
  if (cut === undefined) return bytes
  return bytes.slice(0, cut < 0 ? bytes.length + cut : cut)
}

/** A deterministic stream of bytes (mulberry32). */
export function noise(seed: number): () => number {
  let state = seed | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) & 0xff
  }
}

const pageSizeOf = (facts: ReadonlyMap<string, string>): number =>
  Number(facts.get('block_size') ?? 4096)

function parsePages(words: readonly string[], pageSize: number, little: boolean): PageRecipe[] {
  const [range = '', kindWord = 'raw', ...content] = words
  const [first = 0, last = first] = range.split('-').map(Number)
  const stored = kindWord === 'stored'
  const flags = stored ? Number(content.shift()) : 0
  const kind = kindWord as PageKind
  const pages: PageRecipe[] = []
  for (let pfn = first; pfn <= last; pfn++) {
    const bytes = stored
      ? hexBytes(content.slice(1))
      : parseContent(content, {
          start: pfn * pageSize,
          size: kind === 'zero' ? 0 : pageSize,
          little,
        })
    pages.push({ pfn, kind, flags, content: kind === 'zero' ? new Uint8Array(pageSize) : bytes })
  }
  return pages
}

function parseSegment(words: readonly string[]): SegmentRecipe {
  const [start = 0, fileSize = 0, memorySize = fileSize] = words
    .slice(0, words.indexOf('at') >>> 0)
    .map(Number)
  const at = words.indexOf('at')
  return { start, fileSize, memorySize, offset: at < 0 ? undefined : Number(words[at + 1]) }
}

function parseNote(words: readonly string[]): NoteRecipe {
  const [name = '', type = '0', size = '0', ...content] = words
  const desc = parseContent(content.length > 0 ? content : ['fill', '0'], {
    start: 0,
    size: Number(size),
    little: true,
  })
  return { name, type: Number(type), desc }
}

interface Place {
  readonly start: number
  readonly size: number
  readonly little: boolean
}

function parseContent(
  [kind = 'count', ...words]: readonly string[],
  { start, size, little }: Place,
): Uint8Array {
  const bytes = new Uint8Array(size)
  switch (kind) {
    case 'count':
      return countBytes(start, size, little)
    case 'fill':
      return bytes.fill(Number(words[0]))
    case 'text':
      bytes.set(new TextEncoder().encode(words.join(' ')))
      return bytes
    case 'hex':
      bytes.set(hexBytes(words))
      return bytes
    case 'noise': {
      const next = noise(Number(words[0]))
      return bytes.map(next)
    }
    default:
      throw new Error(`unknown content '${kind}'`)
  }
}

const hexBytes = (words: readonly string[]): Uint8Array =>
  Uint8Array.from(words.join('').match(/../g) ?? [], (pair) => Number.parseInt(pair, 16))
