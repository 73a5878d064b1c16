// Names of Rust functions as people write them. Source: RFC 2603 (v0 mangling), and the legacy one: Itanium C++ names with
// a hash at the end. Hashes and disambiguators are left out.

/** Nested types a name may have, and characters it may come to: references inside let a short one be endless. */
const DEPTH_MAX = 200
const LENGTH_MAX = 4096

/** @returns undefined for what is no mangled name of Rust */
export function demangleRust(symbol: string): string | undefined {
  const name = symbol.replace(/\.llvm\.[\dA-F]+$/, '')
  const legacy = /^_?_?ZN(.*)E/.exec(name)
  try {
    if (legacy) return demangleLegacy(legacy[1] as string)
    const v0 = /^_?_?R(\w+)/.exec(name)
    return v0 && /^[A-Z]/.test(v0[1] as string) ? new V0(v0[1] as string).symbol() : undefined
  } catch (error) {
    if (error instanceof NotMangled) return undefined
    throw error
  }
}

/** Demangle what is mangled in a text: a line of a backtrace. */
export function demangleRustText(text: string): string {
  return text.replace(/\b_(?:R|ZN)[\w$.]+/g, (word) => demangleRust(word) ?? word)
}

class NotMangled extends Error {}

/** `3foo3bar17h0123456789abcdefE`: names behind their lengths, the last a hash. */
function demangleLegacy(text: string): string {
  const parts: string[] = []
  let rest = text
  while (rest !== '') {
    const match = /^(\d{1,4})/.exec(rest)
    const length = Number(match?.[1])
    if (!match || length === 0 || rest.length < (match[1] as string).length + length)
      throw new NotMangled()
    const start = (match[1] as string).length
    parts.push(rest.slice(start, start + length))
    rest = rest.slice(start + length)
  }
  // C++ has no such last part.
  if (!/^h[\da-f]{16}$/.test(parts.pop() ?? '')) throw new NotMangled()
  return parts.map(unescapeLegacy).join('::')
}

const LEGACY_ESCAPES: Readonly<Record<string, string>> = {
  SP: '@',
  BP: '*',
  RF: '&',
  LT: '<',
  GT: '>',
  LP: '(',
  RP: ')',
  C: ',',
}

function unescapeLegacy(part: string): string {
  return part
    .replace(/^_\$/, '$')
    .replace(/\$(\w+)\$/g, (all, code: string) =>
      /^u[\da-f]{1,6}$/.test(code)
        ? String.fromCodePoint(Math.min(Number.parseInt(code.slice(1), 16), 0x10_ffff))
        : (LEGACY_ESCAPES[code] ?? all),
    )
    .replaceAll('..', '::')
}

const BASIC_TYPES: Readonly<Record<string, string>> = {
  ...{ a: 'i8', b: 'bool', c: 'char', d: 'f64', e: 'str', f: 'f32', h: 'u8', i: 'isize' },
  ...{ j: 'usize', l: 'i32', m: 'u32', n: 'i128', o: 'u128', s: 'i16', t: 'u16', u: '()' },
  ...{ v: '...', x: 'i64', y: 'u64', z: '!', p: '_' },
}

class V0 {
  readonly #text: string
  #at = 0
  #depth = 0
  /** Lifetimes that `for<…>` around has named. */
  #bound = 0

  constructor(text: string) {
    this.#text = text
  }

  symbol(): string {
    const path = this.#path(true)
    if (path.length > LENGTH_MAX) throw new NotMangled()
    return path
  }

  #next(): string {
    const char = this.#text[this.#at++]
    if (char === undefined) throw new NotMangled()
    return char
  }

  #take(char: string): boolean {
    if (this.#text[this.#at] !== char) return false
    this.#at++
    return true
  }

  #nested(read: () => string): string {
    if (++this.#depth > DEPTH_MAX) throw new NotMangled()
    const text = read()
    this.#depth--
    if (text.length > LENGTH_MAX) throw new NotMangled()
    return text
  }

  /** `0_` … in base 62; `_` alone is 0. */
  #base62(): number {
    let value = 0
    if (this.#take('_')) return 0
    for (;;) {
      const char = this.#next()
      if (char === '_') break
      const digit = '0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ'.indexOf(char)
      value = value * 62 + digit
      // Disambiguators are hashes of 64 bits: what is shown and where references lead is small.
      if (digit < 0) throw new NotMangled()
    }
    return value + 1
  }

  #optional62(tag: string): number {
    return this.#take(tag) ? this.#base62() + 1 : 0
  }

  #identifier(): { name: string; disambiguator: number } {
    const disambiguator = this.#optional62('s')
    const isPunycode = this.#take('u')
    const digits = /^(?:0|[1-9]\d{0,3})/.exec(this.#text.slice(this.#at, this.#at + 5))?.[0]
    if (digits === undefined) throw new NotMangled()
    this.#at += digits.length
    this.#take('_')
    const name = this.#text.slice(this.#at, this.#at + Number(digits))
    if (name.length < Number(digits)) throw new NotMangled()
    this.#at += Number(digits)
    return { name: isPunycode ? `punycode{${name}}` : name, disambiguator }
  }

  #backReference(read: () => string): string {
    const tag = this.#at - 1
    const target = this.#base62()
    // Only backwards: then none leads to itself.
    if (target >= tag) throw new NotMangled()
    const back = this.#at
    this.#at = target
    const text = this.#nested(read)
    this.#at = back
    return text
  }

  /** @param inValue generic arguments are `::<…>` in values, `<…>` in types */
  #path(inValue: boolean): string {
    return this.#nested(() => {
      const tag = this.#next()
      switch (tag) {
        case 'C':
          return this.#identifier().name
        case 'N':
          return this.#namespaced(inValue)
        case 'M':
        case 'X':
          // Where the impl stands is not part of its name.
          this.#optional62('s')
          this.#path(false)
          return tag === 'M' ? `<${this.#type()}>` : `<${this.#type()} as ${this.#path(false)}>`
        case 'Y':
          return `<${this.#type()} as ${this.#path(false)}>`
        case 'I': {
          const base = this.#path(inValue)
          return `${base}${inValue ? '::' : ''}<${this.#list(() => this.#genericArgument()).join(', ')}>`
        }
        case 'B':
          return this.#backReference(() => this.#path(inValue))
        default:
          throw new NotMangled()
      }
    })
  }

  #namespaced(inValue: boolean): string {
    const space = this.#next()
    const base = this.#path(inValue)
    const { name, disambiguator } = this.#identifier()
    if (!/[A-Z]/.test(space)) return name === '' ? base : `${base}::${name}`
    const kind = space === 'C' ? 'closure' : space === 'S' ? 'shim' : space
    return `${base}::{${kind}${name === '' ? '' : `:${name}`}#${disambiguator}}`
  }

  #list(read: () => string): string[] {
    const items: string[] = []
    while (!this.#take('E')) items.push(read())
    return items
  }

  #genericArgument(): string {
    if (this.#take('L')) return this.#lifetime()
    return this.#take('K') ? this.#const() : this.#type()
  }

  #lifetime(): string {
    const index = this.#base62()
    if (index === 0) return "'_"
    const depth = this.#bound - index
    if (depth < 0) throw new NotMangled()
    return depth < 26 ? `'${String.fromCharCode(0x61 + depth)}` : `'_${depth}`
  }

  #type(): string {
    return this.#nested(() => {
      const tag = this.#next()
      const basic = BASIC_TYPES[tag]
      if (basic !== undefined) return basic
      switch (tag) {
        case 'A':
          return `[${this.#type()}; ${this.#const()}]`
        case 'S':
          return `[${this.#type()}]`
        case 'T': {
          const items = this.#list(() => this.#type())
          return `(${items.join(', ')}${items.length === 1 ? ',' : ''})`
        }
        case 'R':
        case 'Q': {
          const lifetime = this.#take('L') ? this.#lifetime() : "'_"
          return `&${lifetime === "'_" ? '' : `${lifetime} `}${tag === 'Q' ? 'mut ' : ''}${this.#type()}`
        }
        case 'P':
          return `*const ${this.#type()}`
        case 'O':
          return `*mut ${this.#type()}`
        case 'F':
          return this.#inBinder(() => this.#function())
        case 'D': {
          const traits = this.#inBinder(() => this.#list(() => this.#dynTrait()).join(' + '))
          if (!this.#take('L')) throw new NotMangled()
          const lifetime = this.#lifetime()
          return `dyn ${traits}${lifetime === "'_" ? '' : ` + ${lifetime}`}`
        }
        case 'B':
          return this.#backReference(() => this.#type())
        default:
          this.#at--
          return this.#path(false)
      }
    })
  }

  #inBinder(read: () => string): string {
    const count = this.#optional62('G')
    if (count > 100) throw new NotMangled()
    const names = Array.from({ length: count }, (_, i) => {
      const depth = this.#bound + i
      return depth < 26 ? `'${String.fromCharCode(0x61 + depth)}` : `'_${depth}`
    })
    this.#bound += count
    const text = read()
    this.#bound -= count
    return count === 0 ? text : `for<${names.join(', ')}> ${text}`
  }

  #function(): string {
    const isUnsafe = this.#take('U')
    const abi = this.#take('K') ? (this.#take('C') ? 'C' : this.#identifier().name) : ''
    const parameters = this.#list(() => this.#type())
    const result = this.#type()
    const head = `${isUnsafe ? 'unsafe ' : ''}${abi === '' ? '' : `extern "${abi.replaceAll('_', '-')}" `}`
    return `${head}fn(${parameters.join(', ')})${result === '()' ? '' : ` -> ${result}`}`
  }

  #dynTrait(): string {
    const path = this.#path(false)
    const bindings: string[] = []
    while (this.#take('p')) bindings.push(`${this.#identifier().name} = ${this.#type()}`)
    if (bindings.length === 0) return path
    return path.endsWith('>')
      ? `${path.slice(0, -1)}, ${bindings.join(', ')}>`
      : `${path}<${bindings.join(', ')}>`
  }

  #const(): string {
    return this.#nested(() => {
      const tag = this.#next()
      if (tag === 'p') return '_'
      if (tag === 'B') return this.#backReference(() => this.#const())
      const type = BASIC_TYPES[tag]
      if (type === undefined) throw new NotMangled()
      const sign = this.#take('n') ? '-' : ''
      let hex = ''
      for (let char = this.#next(); char !== '_'; char = this.#next()) {
        if (!/[\da-f]/.test(char) || hex.length >= 32) throw new NotMangled()
        hex += char
      }
      const value = BigInt(`0x${hex === '' ? '0' : hex}`)
      if (type === 'bool') return value === 0n ? 'false' : 'true'
      if (type === 'char') return `'${String.fromCodePoint(Math.min(Number(value), 0x10_ffff))}'`
      return `${sign}${value}`
    })
  }
}
