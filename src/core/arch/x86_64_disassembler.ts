// x86-64 instructions in AT&T syntax, as gdb and objdump print them. iced-x86 decodes and formats; here is what binutils
// does otherwise, each found by comparing whole kernels with objdump. Source: opcodes/i386-dis.c of binutils, as behaviour.
import type { Decoder, Formatter, Instruction as IcedInstruction } from 'iced-x86'
import type { Disassembler, Instruction } from './disassembler.ts'
import { X86_64_CONVENTION, X86Operations } from './x86_64_operations.ts'

/** The library, handed in by a host: core loads nothing. */
export type Iced = typeof import('iced-x86')

/** Intel SDM vol. 2A, 2.3.11. */
const LENGTH_MAX = 15
/** Columns of the mnemonic. */
const MNEMONIC_COLUMNS = 7

/** Make a disassembler of the library. */
export function createX86Disassembler(iced: Iced): Disassembler {
  const formatter = createFormatter(iced)
  const effects = new X86Operations(iced)
  return {
    arch: 'x86_64',
    lengthMax: LENGTH_MAX,
    convention: X86_64_CONVENTION,
    *disassemble(code, address) {
      for (const { instruction, at, offset, end } of decode(iced, code, address)) {
        if (instruction)
          yield describe(iced, formatter, instruction, code.subarray(offset, end), at)
        else yield { address: at, length: 1, mnemonic: '(bad)', operands: '' }
      }
    },
    *operations(code, address) {
      for (const { instruction, at } of decode(iced, code, address))
        if (instruction) yield effects.describe(instruction, at)
    },
  }
}

interface Decoded {
  /** Undefined for what is none; else overwritten by the next. */
  readonly instruction: IcedInstruction | undefined
  readonly at: bigint
  readonly offset: number
  /** Exclusive. */
  readonly end: number
}

function* decode(iced: Iced, code: Uint8Array, address: bigint): Generator<Decoded> {
  const decoder = createDecoder(iced, code, address)
  const instruction = new iced.Instruction()
  try {
    while (decoder.canDecode) {
      const offset = decoder.position
      decoder.decodeOut(instruction)
      const at = BigInt.asUintN(64, address + BigInt(offset))
      if (!instruction.isInvalid) {
        yield { instruction, at, offset, end: decoder.position }
        continue
      }
      if (code.length - offset < LENGTH_MAX && decoder.lastError === iced.DecoderError.NoMoreBytes)
        return
      // One byte, so that what follows garbage is found again.
      decoder.position = offset + 1
      decoder.ip = at + 1n
      yield { instruction: undefined, at, offset, end: offset + 1 }
    }
  } finally {
    instruction.free()
    decoder.free()
  }
}

/** Kernels patch what is not valid everywhere (lock prefixes taken back): decode by form, as binutils does. */
function createDecoder(iced: Iced, code: Uint8Array, address: bigint): Decoder {
  const decoder = new iced.Decoder(64, code, iced.DecoderOptions.NoInvalidCheck)
  decoder.ip = address
  return decoder
}

function createFormatter(iced: Iced): Formatter {
  const formatter = new iced.Formatter(iced.FormatterSyntax.Gas)
  formatter.uppercaseHex = false
  formatter.smallHexNumbersInDecimal = false
  formatter.ripRelativeAddresses = true
  formatter.showUselessPrefixes = true
  formatter.branchLeadingZeros = false
  formatter.addLeadingZeroToHexNumbers = false
  formatter.firstOperandCharIndex = MNEMONIC_COLUMNS
  return formatter
}

function describe(
  iced: Iced,
  formatter: Formatter,
  instruction: IcedInstruction,
  bytes: Uint8Array,
  address: bigint,
): Instruction {
  // A displacement of zero is shown where one is encoded: `nopl 0x0(%rax)`.
  formatter.showZeroDisplacements = instruction.memoryDisplSize > 0
  const text = binutilsText(formatter.format(instruction).trim(), bytes)
  const { mnemonic, operands } = splitText(text)
  const common = { address, length: bytes.length, mnemonic, operands }
  if (isNearBranch(iced, instruction))
    return { ...common, operands: '', target: instruction.nearBranchTarget }
  if (!instruction.isIpRelMemoryOperand) return common
  const memory = instruction.ipRelMemoryAddress
  const isPerCpu = instruction.segmentPrefix === iced.Register.GS
  return isPerCpu ? { ...common, memory, isPerCpu } : { ...common, memory }
}

function isNearBranch({ OpKind }: Iced, instruction: IcedInstruction): boolean {
  return instruction.opCount > 0 && instruction.opKind(0) === OpKind.NearBranch64
}

/** Prefix words the formatter may put before a mnemonic. */
const PREFIXES = '(?:(?:lock|rep|repz|repnz|data16|addr32|[c-gs]s|bnd|notrack|xacquire|xrelease) )*'

/** What binutils writes otherwise, in the order it is put right. */
const REWRITES: readonly (readonly [RegExp, string])[] = [
  [/\brepe /, 'repz '],
  [/\brepne /, 'repnz '],
  // Only string instructions are repeated.
  [/^rep (?!(?:ins|outs|movs|stos|lods)[bwlq]?\b)/, 'repz '],
  [/^((?:\w+ )*)sal([bwlq]?) /, '$1shl$2 '],
  // 64 bits is the size these have anyway, 32 bits that of those below.
  [/^((?:\w+ )*)(push|pop|call|jmp)q /, '$1$2 '],
  [/^((?:\w+ )*)(lret|iret|lcall|ljmp)l(?= |$)/, '$1$2'],
  [/^((?:\w+ )*imul[wlq]? +\$[^,]+,)(%\w+)$/, '$1$2,$2'],
  [/^((?:\w+ )*(?:in|out)s?[bwl]? .*)%dx(?=,|$)/, '$1(%dx)'],
  [/\((%\w+,%\w+)\)/, '($1,1)'],
  [/\(,(%\w+)\)/, '(,$1,1)'],
]

/** String instructions, whose segments binutils names. */
const STRING_MNEMONIC = /^(?:\w+ )*(?:movs|stos|lods|scas|cmps|ins|outs)[bwlq]? /
/** Since binutils 2.41 the one that is in no byte is shown, and in decimal. */
const SHIFT_BY_ONE = /^(?:\w+ )*(?:sh|sa|ro|rc)[lr][bwlq]? +\$0x1,/

function binutilsText(formatted: string, bytes: Uint8Array): string {
  let text = formatted
  for (const [pattern, by] of REWRITES) text = text.replace(pattern, by)
  if (SHIFT_BY_ONE.test(text) && (opcodeByte(bytes) & 0xfc) === 0xd0)
    text = text.replace('$0x1,', '$1,')
  if (STRING_MNEMONIC.test(text)) {
    text = text
      .replace(/(?<!:)\((%[re]si)\)/, '%ds:($1)')
      .replace(/(?<!:)\((%[re]di)\)/, '%es:($1)')
  }
  text = text.replace(/^(xlat +)\(/, '$1%ds:(')
  return /\bnop[wlq] |^cs /.test(text) ? padding(text, bytes) : text
}

/** Padding before loops and functions: prefixes that mean nothing are words in front, as many as there are. */
function padding(text: string, bytes: Uint8Array): string {
  let operandSizes = 0
  let segments = 0
  for (const byte of bytes) {
    if (byte === 0x66) operandSizes++
    else if (byte === 0x2e) segments++
    else break
  }
  const plain = text.replace(/^(?:cs )+/, '').replace(/^(nop[wlq] +)%cs:/, '$1')
  if (!plain.startsWith('nop')) return 'cs '.repeat(segments) + plain
  const words = 'data16 '.repeat(Math.max(0, operandSizes - 1)) + 'cs '.repeat(segments)
  return words === '' ? plain : words + plain.replace(/ +/, ' ')
}

/** The first byte that is no prefix. */
function opcodeByte(bytes: Uint8Array): number {
  const prefixes = [0x66, 0x67, 0xf0, 0xf2, 0xf3, 0x2e, 0x3e, 0x26, 0x36, 0x64, 0x65]
  return bytes.find((byte) => !prefixes.includes(byte) && (byte & 0xf0) !== 0x40) ?? 0
}

/** Prefixes belong to the mnemonic: `lock cmpxchg`, `data16 cs nopw`. */
const PREFIXED = new RegExp(`^(${PREFIXES}\\S+) *(.*)$`)

function splitText(text: string): { readonly mnemonic: string; readonly operands: string } {
  const [, mnemonic = text, operands = ''] = PREFIXED.exec(text) ?? []
  return { mnemonic, operands }
}
