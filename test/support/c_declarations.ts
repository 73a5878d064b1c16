// C declarations as a person writes them, laid out as gcc does on a 64-bit machine and written as BTF:
//   struct task_struct { unsigned int __state; char comm[16]; struct list_head tasks; unsigned on_rq : 1; };
//   enum rq_state : 8 { IDLE = -1, BUSY };   typedef unsigned int u32;   int printk(const char *fmt, ...);
//   percpu struct rq runqueues;
// A member followed by `@ 64` lies at that offset. Tags as in kernel sources: `struct mm_struct __user *p`.
import {
  BTF_KIND_CONST,
  BTF_KIND_FLOAT,
  BTF_KIND_FUNC,
  BTF_KIND_FWD,
  BTF_KIND_PTR,
  BTF_KIND_TYPE_TAG,
  BTF_KIND_TYPEDEF,
  BTF_KIND_VAR,
  BTF_KIND_VOLATILE,
} from '../../src/core/debuginfo/btf_layout.ts'
import { BtfWriter, type RawMember } from './mkbtf.ts'

/** A type id with what layout needs to know of it. */
interface Sized {
  readonly id: number
  readonly size: number
  readonly align: number
}

const BASE_TYPES: Readonly<Record<string, readonly [name: string, size: number, flags: object]>> = {
  char: ['char', 1, { signed: true, char: true }],
  'signed char': ['signed char', 1, { signed: true }],
  'unsigned char': ['unsigned char', 1, {}],
  short: ['short int', 2, { signed: true }],
  'unsigned short': ['short unsigned int', 2, {}],
  int: ['int', 4, { signed: true }],
  unsigned: ['unsigned int', 4, {}],
  'unsigned int': ['unsigned int', 4, {}],
  long: ['long int', 8, { signed: true }],
  'unsigned long': ['long unsigned int', 8, {}],
  'long long': ['long long int', 8, { signed: true }],
  'unsigned long long': ['long long unsigned int', 8, {}],
  __int128: ['__int128', 16, { signed: true }],
  _Bool: ['_Bool', 1, { bool: true }],
  bool: ['_Bool', 1, { bool: true }],
}
const BASE_WORDS = new Set(Object.keys(BASE_TYPES).flatMap((name) => name.split(' ')))
const TAG = /^__(user|rcu|percpu)$/

/** Compile declarations to BTF. Throws Error with the offending token: a recipe is ours. */
export function btfOfC(
  text: string,
  options: { littleEndian?: boolean; base?: CDeclarations } = {},
): CDeclarations {
  return new CDeclarations(text, options)
}

/** Types under construction; `bytes` is the finished section. */
export class CDeclarations {
  readonly writer: BtfWriter
  readonly #base: CDeclarations | undefined
  readonly #tokens: string[]
  #at = 0
  /** 'struct foo', 'u32', 'long unsigned int' → type. */
  readonly #names = new Map<string, Sized>()
  readonly #derived = new Map<string, Sized>()

  constructor(
    text: string,
    { littleEndian = true, base }: { littleEndian?: boolean; base?: CDeclarations },
  ) {
    this.#base = base
    this.writer = new BtfWriter({ littleEndian, ...(base && { base: base.writer }) })
    const code = text.replace(/\/\/.*|\/\*[^]*?\*\//g, ' ')
    this.#tokens = code.match(/\w+|\.\.\.|[^\s\w]/g) ?? []
    while (this.#at < this.#tokens.length) this.#declaration()
    // Every kernel uses all of these somewhere.
    if (!base) for (const type of Object.values(BASE_TYPES)) this.#baseType(...type)
  }

  get bytes(): Uint8Array {
    return this.writer.bytes()
  }

  /** A type of this section or its base, by its C name. */
  find(name: string): Sized | undefined {
    return this.#names.get(name) ?? this.#base?.find(name)
  }

  #next(): string {
    const token = this.#tokens[this.#at++]
    if (token === undefined) throw new Error('C declarations end too early')
    return token
  }

  #accept(token: string): boolean {
    if (this.#tokens[this.#at] !== token) return false
    this.#at++
    return true
  }

  #expect(token: string): void {
    const got = this.#next()
    if (got === token) return
    throw new Error(
      `expected '${token}', got '${got}' before '${this.#tokens.slice(this.#at, this.#at + 6).join(' ')}'`,
    )
  }

  #declaration(): void {
    const typedef = this.#accept('typedef')
    const percpu = this.#accept('percpu')
    const base = this.#specifier()
    while (!this.#accept(';')) {
      const { name, type, parameters } = this.#declarator(base)
      if (parameters)
        this.writer.wrap(BTF_KIND_FUNC, this.writer.prototype(type.id, parameters), name)
      else if (typedef)
        this.#names.set(name, { ...type, id: this.writer.wrap(BTF_KIND_TYPEDEF, type.id, name) })
      else if (percpu)
        this.writer.add({ kind: BTF_KIND_VAR, name, sizeOrType: type.id, words: [1] })
      this.#accept(',')
    }
  }

  #specifier(): Sized {
    if (this.#accept('const')) return this.#wrapped(BTF_KIND_CONST, this.#specifier())
    if (this.#accept('volatile')) return this.#wrapped(BTF_KIND_VOLATILE, this.#specifier())
    if (this.#accept('void')) return { id: 0, size: 0, align: 1 }
    const word = this.#next()
    if (word === 'struct' || word === 'union') return this.#compound(word)
    if (word === 'enum') return this.#enum()
    if (word === 'float' || word === 'double') return this.#float(word)
    if (!BASE_WORDS.has(word)) {
      const known = this.find(word)
      if (!known) throw new Error(`unknown type '${word}'`)
      return known
    }
    let name = word
    while (BASE_WORDS.has(this.#tokens[this.#at] ?? '')) name += ` ${this.#next()}`
    const base = BASE_TYPES[name]
    if (!base) throw new Error(`unknown type '${name}'`)
    return this.#baseType(...base)
  }

  #baseType(name: string, size: number, flags: object): Sized {
    const known = this.find(name)
    if (known) return known
    const type = { id: this.writer.int(name, size, flags), size, align: size }
    this.#names.set(name, type)
    return type
  }

  #float(name: string): Sized {
    const size = name === 'float' ? 4 : 8
    const known = this.find(name)
    if (known) return known
    const type = {
      id: this.writer.add({ kind: BTF_KIND_FLOAT, name, sizeOrType: size }),
      size,
      align: size,
    }
    this.#names.set(name, type)
    return type
  }

  #wrapped(kind: number, type: Sized, name = ''): Sized {
    return this.#once(`${kind} ${name} ${type.id}`, () => ({
      ...type,
      id: this.writer.wrap(kind, type.id, name),
    }))
  }

  #pointer(target: Sized): Sized {
    return { ...this.#wrapped(BTF_KIND_PTR, target), size: 8, align: 8 }
  }

  #once(key: string, make: () => Sized): Sized {
    const known = this.#derived.get(key) ?? make()
    this.#derived.set(key, known)
    return known
  }

  #compound(kind: 'struct' | 'union'): Sized {
    const name = this.#tokens[this.#at] === '{' ? '' : this.#next()
    const known = name === '' ? undefined : this.find(`${kind} ${name}`)
    if (!this.#accept('{')) return known ?? this.#forward(kind, name)
    const own = this.#names.get(`${kind} ${name}`)
    // The id is needed before the members: they may point to their own struct.
    const id = own?.id ?? this.writer.add({ kind: BTF_KIND_FWD, name, kindFlag: kind === 'union' })
    if (name !== '') this.#names.set(`${kind} ${name}`, { id, size: 0, align: 1 })
    const { members, size, align } = this.#members(kind)
    this.writer.set(id, this.writer.compoundRecord(kind, name, size, members))
    const type = { id, size, align }
    if (name !== '') this.#names.set(`${kind} ${name}`, type)
    return type
  }

  #forward(kind: 'struct' | 'union', name: string): Sized {
    const id = this.writer.add({ kind: BTF_KIND_FWD, name, kindFlag: kind === 'union' })
    const type = { id, size: 0, align: 1 }
    this.#names.set(`${kind} ${name}`, type)
    return type
  }

  #members(kind: 'struct' | 'union'): { members: RawMember[]; size: number; align: number } {
    const members: RawMember[] = []
    let bits = 0
    let end = 0
    let align = 1
    while (!this.#accept('}')) {
      const base = this.#specifier()
      do {
        const anonymous = this.#tokens[this.#at] === ';'
        const { name, type, bitSize } = anonymous
          ? { name: '', type: base, bitSize: undefined }
          : this.#declarator(base)
        if (kind === 'union') bits = 0
        bits = placeMember(bits, type, bitSize)
        if (this.#accept('@')) bits = Number(this.#next()) * 8
        if (name !== '' || bitSize === undefined)
          members.push({ name, type: type.id, bitOffset: bits, bitSize: bitSize ?? 0 })
        bits += bitSize ?? type.size * 8
        end = Math.max(end, bits)
        align = Math.max(align, type.align)
      } while (this.#accept(','))
      this.#expect(';')
    }
    return { members, size: Math.ceil(end / 8 / align) * align, align }
  }

  #enum(): Sized {
    const name = /^[{:]$/.test(this.#tokens[this.#at] ?? '') ? '' : this.#next()
    const size = this.#accept(':') ? Number(this.#next()) : 4
    if (!this.#accept('{')) {
      const known = this.find(`enum ${name}`)
      if (!known) throw new Error(`unknown enum ${name}`)
      return known
    }
    const values: [string, bigint][] = []
    let value = 0n
    while (!this.#accept('}')) {
      const item = this.#next()
      if (this.#accept('='))
        value = this.#accept('-') ? -BigInt(this.#next()) : BigInt(this.#next())
      values.push([item, value++])
      this.#accept(',')
    }
    const signed = values.some(([, item]) => item < 0n)
    const type = { id: this.writer.enum(name, size, values, signed), size, align: size }
    if (name !== '') this.#names.set(`enum ${name}`, type)
    return type
  }

  /** `*name[2][3] : 4`, `(*name)(int, ...)`, `name(void)`; the name may be missing in parameters. */
  #declarator(base: Sized): Declarator {
    let type = base
    for (;;) {
      if (this.#accept('*')) type = this.#pointer(type)
      else if (this.#accept('const')) type = this.#wrapped(BTF_KIND_CONST, type)
      else if (TAG.test(this.#tokens[this.#at] ?? '')) {
        type = this.#wrapped(BTF_KIND_TYPE_TAG, type, this.#next().slice(2))
      } else break
    }
    if (this.#tokens[this.#at] === '(') return this.#functionPointer(type)
    const name = /^\w/.test(this.#tokens[this.#at] ?? '') ? this.#next() : ''
    if (this.#accept('(')) return { name, type, bitSize: undefined, parameters: this.#parameters() }
    const lengths: number[] = []
    while (this.#accept('[')) {
      lengths.push(this.#tokens[this.#at] === ']' ? 0 : Number(this.#next()))
      this.#expect(']')
    }
    for (const length of lengths.reverse()) {
      const element = type
      const make = (): Sized => ({
        ...element,
        id: this.writer.array(element.id, length),
        size: element.size * length,
      })
      type = this.#once(`[] ${length} ${element.id}`, make)
    }
    return { name, type, bitSize: this.#accept(':') ? Number(this.#next()) : undefined }
  }

  #functionPointer(returns: Sized): Declarator {
    this.#expect('(')
    this.#expect('*')
    const name = this.#next()
    this.#expect(')')
    this.#expect('(')
    const id = this.writer.prototype(returns.id, this.#parameters())
    return { name, type: this.#pointer({ id, size: 0, align: 1 }), bitSize: undefined }
  }

  #parameters(): (readonly [string, number])[] {
    const parameters: (readonly [string, number])[] = []
    while (!this.#accept(')')) {
      if (this.#accept('...')) parameters.push(['', 0])
      else {
        const { name, type } = this.#declarator(this.#specifier())
        if (type.id !== 0) parameters.push([name, type.id])
      }
      this.#accept(',')
    }
    return parameters
  }
}

interface Declarator {
  readonly name: string
  readonly type: Sized
  readonly bitSize: number | undefined
  /** Of a function declaration; `type` is then what it returns. */
  readonly parameters?: readonly (readonly [string, number])[]
}

/** The System V ABI: a bit field must not cross a boundary of its declared type. */
function placeMember(bits: number, { size, align }: Sized, bitSize: number | undefined): number {
  const unit = align * 8
  const aligned = Math.ceil(bits / unit) * unit
  if (bitSize === undefined || bitSize === 0) return aligned
  return Math.floor(bits / unit) === Math.floor((bits + bitSize - 1) / unit) && size > 0
    ? bits
    : aligned
}
