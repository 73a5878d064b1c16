// BPF instructions as text, as the kernel's verifier log had them when crash learned it. Source: kernel/bpf/disasm.c,
// include/uapi/linux/bpf.h, Documentation/bpf/standardization/instruction-set.rst.

/** One instruction. */
export interface BpfInstruction {
  /** Number of the first of the one or two slots it takes. */
  readonly index: number
  /** Eight bytes, or sixteen. */
  readonly bytes: Uint8Array
  readonly text: string
}

/** Names for what an instruction refers to. */
export interface BpfNames {
  /** A 64-bit constant: `map[id:1]`; undefined for a plain number. */
  constant(value: bigint): string | undefined
  /** What `call #imm` leads to. */
  helper(imm: number): string | undefined
}

// Classes: the low three bits of an opcode.
const BPF_LD = 0
const BPF_LDX = 1
const BPF_ST = 2
const BPF_STX = 3
const BPF_ALU = 4
const BPF_JMP = 5
const BPF_JMP32 = 6

const BPF_SRC_X = 0x08
const BPF_NEG = 0x80
const BPF_END = 0xd0
const BPF_MOV = 0xb0
const BPF_DIV = 0x30
const BPF_MOD = 0x90
const BPF_JA = 0x00
const BPF_CALL = 0x80
const BPF_EXIT = 0x90
const BPF_LD_IMM64 = 0x18
const BPF_FETCH = 0x01
const BPF_PSEUDO_CALL = 1

// Modes of loads and stores: the high three bits.
const BPF_ABS = 0x20
const BPF_IND = 0x40
const BPF_MEMSX = 0x80
const BPF_PROBE_MEMSX = 0x40
const BPF_ATOMIC = 0xc0
const BPF_NOSPEC = 0xc0

const ALU_OPERATORS: Readonly<Record<number, string>> = {
  0x00: '+=',
  0x10: '-=',
  0x20: '*=',
  0x30: '/=',
  0x40: '|=',
  0x50: '&=',
  0x60: '<<=',
  0x70: '>>=',
  0x90: '%=',
  0xa0: '^=',
  0xb0: '=',
  0xc0: 's>>=',
}
const JUMP_CONDITIONS: Readonly<Record<number, string>> = {
  0x10: '==',
  0x20: '>',
  0x30: '>=',
  0x40: '&',
  0x50: '!=',
  0x60: 's>',
  0x70: 's>=',
  0xa0: '<',
  0xb0: '<=',
  0xc0: 's<',
  0xd0: 's<=',
}
const ATOMIC_OPERATIONS: Readonly<Record<number, readonly [sign: string, name: string]>> = {
  0x00: ['+', 'add'],
  0x40: ['|', 'or'],
  0x50: ['&', 'and'],
  0xa0: ['^', 'xor'],
}
/** By the two bits of a size: u32, u16, u8, u64. */
const SIZES = ['32', '16', '8', '64']

interface Fields {
  readonly code: number
  readonly dst: number
  readonly src: number
  readonly off: number
  readonly imm: number
  readonly imm64: bigint
}

/** Walk the instructions of a program. What is no instruction shows as `BUG_` and its opcode. */
export function* forEachBpfInstruction(
  bytes: Uint8Array,
  littleEndian: boolean,
  names: BpfNames,
): Generator<BpfInstruction> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const count = Math.floor(bytes.length / 8)
  for (let index = 0; index < count; index++) {
    const isWide = view.getUint8(index * 8) === BPF_LD_IMM64 && index + 1 < count
    const fields = readFields(view, index * 8, littleEndian, isWide)
    const size = isWide ? 16 : 8
    yield {
      index,
      bytes: bytes.subarray(index * 8, index * 8 + size),
      text: `(${fields.code.toString(16).padStart(2, '0')}) ${instructionText(fields, names)}`,
    }
    if (isWide) index++
  }
}

function readFields(view: DataView, at: number, little: boolean, isWide: boolean): Fields {
  const registers = view.getUint8(at + 1)
  const imm = view.getInt32(at + 4, little)
  const high = isWide ? view.getUint32(at + 12, little) : 0
  return {
    code: view.getUint8(at),
    // Nibbles are swapped on big-endian machines.
    dst: little ? registers & 0xf : registers >> 4,
    src: little ? registers >> 4 : registers & 0xf,
    off: view.getInt16(at + 2, little),
    imm,
    imm64: BigInt.asUintN(64, (BigInt(high) << 32n) | BigInt.asUintN(32, BigInt(imm))),
  }
}

function instructionText(fields: Fields, names: BpfNames): string {
  switch (fields.code & 7) {
    case BPF_LD:
      return loadConstantText(fields, names)
    case BPF_LDX:
      return loadText(fields)
    case BPF_ST:
      return (fields.code & 0xe0) === BPF_NOSPEC
        ? 'nospec'
        : `${memoryText(fields, fields.dst)} = ${fields.imm}`
    case BPF_STX:
      return (fields.code & 0xe0) === BPF_ATOMIC
        ? atomicText(fields)
        : `${memoryText(fields, fields.dst)} = r${fields.src}`
    case BPF_JMP:
    case BPF_JMP32:
      return jumpText(fields, names)
    default:
      return arithmeticText(fields)
  }
}

const signed = (value: number): string => (value < 0 ? String(value) : `+${value}`)
const sizeOf = (code: number): string => SIZES[(code & 0x18) >> 3] as string
const bug = ({ code }: Fields): string => `BUG_${code.toString(16).padStart(2, '0')}`

/** `*(u16 *)(r6 +192)`. */
const memoryText = ({ code, off }: Fields, base: number): string =>
  `*(u${sizeOf(code)} *)(r${base} ${signed(off)})`

function loadConstantText(fields: Fields, names: BpfNames): string {
  const { code, dst, src, imm, imm64 } = fields
  switch (code & 0xe0) {
    case BPF_ABS:
      return `r0 = *(u${sizeOf(code)} *)skb[${imm}]`
    case BPF_IND:
      return `r0 = *(u${sizeOf(code)} *)skb[r${src} + ${imm}]`
    default:
      if (code !== BPF_LD_IMM64) return bug(fields)
      return `r${dst} = ${names.constant(imm64) ?? `0x${imm64.toString(16)}`}`
  }
}

function loadText(fields: Fields): string {
  const { code, dst, src } = fields
  const mode = code & 0xe0
  const isSigned = mode === BPF_MEMSX || mode === BPF_PROBE_MEMSX
  const memory = memoryText(fields, src)
  return `r${dst} = ${isSigned ? memory.replace('(u', '(s') : memory}`
}

/** @source include/uapi/linux/bpf.h BPF_XCHG, BPF_CMPXCHG */
function atomicText(fields: Fields): string {
  const { code, dst, src, off, imm } = fields
  const is64 = sizeOf(code) === '64'
  const where = `(u${sizeOf(code)} *)(r${dst} ${signed(off)})`
  const name = `atomic${is64 ? '64' : ''}_`
  if (imm === 0xf1) return `r0 = ${name}cmpxchg(${where}, r0, r${src})`
  if (imm === 0xe1) return `r${src} = ${name}xchg(${where}, r${src})`
  const operation = ATOMIC_OPERATIONS[imm & ~BPF_FETCH]
  if (!operation) return bug(fields)
  const [sign, verb] = operation
  return (imm & BPF_FETCH) !== 0
    ? `r${src} = ${name}fetch_${verb}(${where}, r${src})`
    : `lock *${where} ${sign}= r${src}`
}

function jumpText(fields: Fields, names: BpfNames): string {
  const { code, dst, src, off, imm } = fields
  const operation = code & 0xf0
  const is32 = (code & 7) === BPF_JMP32
  if (operation === BPF_CALL && !is32) return callText(fields, names)
  if (operation === BPF_JA) return is32 ? `gotol pc${signed(imm)}` : `goto pc${signed(off)}`
  if (operation === BPF_EXIT && !is32) return 'exit'
  const condition = JUMP_CONDITIONS[operation]
  if (condition === undefined) return bug(fields)
  const register = is32 ? 'w' : 'r'
  const right = (code & BPF_SRC_X) !== 0 ? `${register}${src}` : `0x${(imm >>> 0).toString(16)}`
  return `if ${register}${dst} ${condition} ${right} goto pc${signed(off)}`
}

function callText({ src, imm }: Fields, names: BpfNames): string {
  if (src === BPF_PSEUDO_CALL) return `call pc${signed(imm)}`
  return `call ${names.helper(imm) ?? 'unknown'}#${imm}`
}

/** 32-bit operations are told apart by a cast, as the verifier did before it wrote w0 for half of r0. */
function arithmeticText(fields: Fields): string {
  const { code, dst, src, off, imm } = fields
  const operation = code & 0xf0
  const is32 = (code & 7) === BPF_ALU
  const cast = is32 ? '(u32) ' : ''
  if (operation === BPF_END) {
    // Since v6.6 the 64-bit form swaps whatever the machine's order is.
    const order = !is32 ? 'bswap' : (code & BPF_SRC_X) !== 0 ? 'be' : 'le'
    return `r${dst} = ${order}${imm} r${dst}`
  }
  if (operation === BPF_NEG) return `r${dst} = ${cast}-r${dst}`
  const operator = ALU_OPERATORS[operation]
  if (operator === undefined) return bug(fields)
  const isDivision = operation === BPF_DIV || operation === BPF_MOD
  const sign = isDivision && off === 1 ? 's' : ''
  if ((code & BPF_SRC_X) === 0) return `${cast}r${dst} ${sign}${operator} ${cast}${imm}`
  // Since v6.6 off says from how many bits a move extends the sign.
  const extend = operation === BPF_MOV && off !== 0 ? `(s${off})` : ''
  return `${cast}r${dst} ${sign}${operator} ${cast}${extend}r${src}`
}
