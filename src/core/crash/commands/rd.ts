// rd: memory as words, text, symbols or raw bytes.
import { rdCode } from '../code/rd_code.ts'
import { toSafeNumber, wrap64 } from '../../base/addr.ts'
import { UnsupportedError, UsageError } from '../../base/errors.ts'
import type { Cell } from '../../base/table.ts'
import { decodeAscii } from '../../base/text.ts'
import { perCpuOffset } from '../../kernel/percpu.ts'
import type { Program } from '../../program/program.ts'
import { defineCommand, table, type Block, type CommandArgs, type TableBlock } from '../command.ts'
import { cellText } from '../cell_text.ts'
import { memoryTable, type ByteReader, type WordFormat } from '../memory_table.ts'
import { parseAddress, parseCount, parseHex, parsePerCpuOperand } from '../operand.ts'
import type { Session } from '../session.ts'
import { slabCacheNameAt } from '../stack_words.ts'
import { physicalReader } from '../physical_reader.ts'
import { UserMemory } from '../user_memory.ts'

/** Bytes shown by one command at most; raw copies go to files and may be larger. */
const SHOW_SIZE_MAX = 64 * 1024 * 1024
const COPY_SIZE_MAX = 2 ** 40
const COPY_CHUNK = 64 * 1024
/** Characters a line of -a. */
const TEXT_LINE = 60
const TEXT_SIZE_MAX = 1024 * 1024

const OPTIONS = {
  signed: { type: 'boolean', short: 'd', help: 'signed decimal' },
  unsigned: { type: 'boolean', short: 'D', help: 'unsigned decimal' },
  symbols: { type: 'boolean', short: 's', help: 'show symbols in place of their addresses' },
  slab: {
    type: 'count',
    short: 'S',
    help: 'as -s, and the slab cache of what a word points to; twice: with the word',
  },
  user: { type: 'boolean', short: 'u', help: 'a user address of the current task' },
  physical: { type: 'boolean', short: 'p', help: 'a physical address' },
  plain: { type: 'boolean', short: 'x', help: 'no ASCII beside the words' },
  machine: { type: 'boolean', short: 'm' },
  file: { type: 'boolean', short: 'f' },
  network: { type: 'boolean', short: 'N', help: 'network byte order, for 16 and 32 bits' },
  reverse: { type: 'boolean', short: 'R', help: 'the count words up to the address' },
  bits8: { type: 'boolean', short: '8', help: '8-bit values' },
  bits16: { type: 'boolean', short: '16', help: '16-bit values' },
  bits32: { type: 'boolean', short: '32', help: '32-bit values' },
  bits64: { type: 'boolean', short: '64', help: '64-bit values, the default' },
  ascii: { type: 'boolean', short: 'a', help: 'text, up to the first byte that is not printable' },
  offset: { type: 'string', short: 'o', value: 'offs', help: 'add this to the address' },
  end: { type: 'string', short: 'e', value: 'addr', help: 'read up to this address' },
  raw: { type: 'string', short: 'r', value: 'file', help: 'copy the bytes to a file' },
} as const

type Args = CommandArgs<typeof OPTIONS>

export const rd = defineCommand({
  name: 'rd',
  summary: 'read memory',
  operands: '[address | symbol][:cpuspec] [count]',
  operandsMin: 1,
  description:
    'Shows words of memory in hexadecimal with their ASCII beside. The count is that of words, of bytes with ' +
    '-r, of characters with -a; it is 1 if not given. A word that is not in the dump shows why: (excluded), (fault).',
  examples: [
    { text: 'a string', command: 'rd -a linux_banner' },
    { text: 'a stack with symbols', command: 'rd -s ffffc90000013d00 32' },
    { text: 'a range', command: 'rd ffffffff82000000 -e ffffffff82000040' },
    { text: 'user memory of the current task', command: 'rd -u 7ffc7f279900 8' },
    { text: 'copy a page to a file', command: 'rd -r page.bin ffff888000001000 4096' },
  ],
  options: OPTIONS,
  code: rdCode,
  *run(session, args) {
    const { text, cpus } = parsePerCpuOperand(session, args.operands[0] as string)
    const address = parseAddress(session.program, text)
    if (!cpus) yield readBlock(session, args, address)
    for (const cpu of cpus ?? []) {
      yield readBlock(session, args, wrap64(address + perCpuOffset(session.program, cpu)))
    }
  },
})

function readBlock(session: Session, { values, operands }: Args, address: bigint): Block {
  if (values.machine) throw new UnsupportedError('-m: Xen machine addresses')
  if (values.file) throw new UnsupportedError('-f: the dump is not read by file offset')
  const memory = chooseMemory(session, values)
  const base = wrap64(address + parseOffset(values.offset))
  const count = operands[1] === undefined ? undefined : parseCount(operands[1])
  if (count !== undefined && count <= 0) throw new UsageError(`invalid count: ${count}`)
  if (values.ascii) return textTable(memory, base, count)
  const unit = unitOf(values)
  const size = sizeOf(values, base, count, unit)
  if (values.raw !== undefined) {
    return { kind: 'bytes', file: values.raw, start: base, chunks: copyChunks(memory, base, size) }
  }
  if (size > SHOW_SIZE_MAX) {
    throw new UsageError(`${size} bytes are too many to show: copy them with -r FILE`)
  }
  const start = values.reverse ? wrap64(base - BigInt(size - unit)) : base
  // What is not there at all is an error; what is missing further on is shown as such.
  memory.readVirtual(start, new Uint8Array(1))
  const symbolic = (values.symbols || values.slab > 0) && unit === 8
  return memoryTable({
    memory,
    start,
    size,
    unit,
    format: formatOf(values),
    ascii: !values.plain,
    // As in crash, words of 64 bits have no network byte order.
    swap: values.network && (unit === 2 || unit === 4),
    ...(symbolic
      ? { symbolize: (word: bigint) => symbolText(session.program, word, values.slab) }
      : {}),
  })
}

function chooseMemory(session: Session, { user, physical }: Args['values']): ByteReader {
  const { program } = session
  // The current task is looked for only here: a damaged dump may have none.
  if (user) return new UserMemory(program, session.task)
  return physical ? physicalReader(program) : program.memory
}

function unitOf(values: Args['values']): 1 | 2 | 4 | 8 {
  if (values.bits8) return 1
  if (values.bits16) return 2
  return values.bits32 ? 4 : 8
}

function formatOf({ signed, unsigned }: Args['values']): WordFormat {
  if (unsigned) return 'unsigned'
  return signed ? 'signed' : 'hex'
}

/** `-o`: decimal, 0x hex, and negative. */
function parseOffset(text: string | undefined): bigint {
  return text === undefined ? 0n : BigInt(parseCount(text))
}

function sizeOf(
  { end, raw, reverse }: Args['values'],
  start: bigint,
  count: number | undefined,
  unit: number,
): number {
  if (end !== undefined) {
    const last = parseHex(end)
    if (last === undefined || last <= start) throw new UsageError(`invalid ending address: ${end}`)
    const size = toSafeNumber(last - start) ?? Number.POSITIVE_INFINITY
    if (size > COPY_SIZE_MAX) throw new UsageError(`range is too large: up to ${end}`)
    return raw === undefined ? Math.floor(size / unit) * unit : size
  }
  if (raw !== undefined && count === undefined)
    throw new UsageError('-r requires either a count argument or -e option')
  if (reverse && count === undefined)
    throw new UsageError('-R requires a count argument greater than 1')
  return (count ?? 1) * (raw === undefined ? unit : 1)
}

/** @param slab 0: symbols only; 1: `[cache]`; 2: `[address:cache]` */
function symbolText(program: Program, word: bigint, slab: number): string | undefined {
  if (!program.arch.isKernelAddress(word)) return undefined
  const symbol = program.symbolAt(word)
  if (!symbol) {
    const name = slab === 0 ? undefined : slabCacheNameAt(program, word)
    if (name === undefined) return undefined
    return slab === 1 ? `[${name}]` : `[${word.toString(16)}:${name}]`
  }
  const offset = word - symbol.address
  return `${symbol.name}${offset === 0n ? '' : `+${offset}`}`
}

/** `-a`: text in lines; without a count up to the first byte that is no text. */
function textTable(memory: ByteReader, start: bigint, count: number | undefined): TableBlock {
  return table(
    [
      { title: 'ADDRESS', kind: 'address' },
      { title: 'TEXT', kind: 'text' },
    ],
    textRows(memory, start, count),
    {
      heading: '',
      line: ([address, text]) =>
        `${(address as bigint).toString(16).padStart(16)}:  ${cellText(text)}`,
    },
  )
}

function* textRows(
  memory: ByteReader,
  start: bigint,
  count: number | undefined,
): Generator<Cell[]> {
  const limit = count ?? TEXT_SIZE_MAX
  for (let done = 0; done < limit;) {
    const at = wrap64(start + BigInt(done))
    const bytes = readSome(memory, at, Math.min(TEXT_LINE, limit - done))
    const end = count === undefined ? bytes.findIndex((byte) => !isPrintable(byte)) : -1
    const shown = end < 0 ? bytes : bytes.subarray(0, end)
    const visible = shown.map((byte) => (isPrintable(byte) ? byte : 0x2e))
    if (visible.length > 0) yield [at, decodeAscii(visible, 0, visible.length)]
    if (end >= 0 || bytes.length < Math.min(TEXT_LINE, limit - done)) return
    done += bytes.length
  }
}

/** Up to `size` bytes: less where memory ends, but one at least, or the fault is the answer. */
function readSome(memory: ByteReader, at: bigint, size: number): Uint8Array {
  const bytes = new Uint8Array(size)
  memory.readVirtual(at, bytes.subarray(0, 1))
  let got = 1
  while (got < size) {
    try {
      memory.readVirtual(wrap64(at + BigInt(got)), bytes.subarray(got, got + 1))
    } catch {
      break
    }
    got++
  }
  return bytes.subarray(0, got)
}

const isPrintable = (byte: number): boolean => byte >= 0x20 && byte < 0x7f

function* copyChunks(memory: ByteReader, start: bigint, size: number): Generator<Uint8Array> {
  for (let done = 0; done < size;) {
    const chunk = new Uint8Array(Math.min(COPY_CHUNK, size - done))
    memory.readVirtual(wrap64(start + BigInt(done)), chunk)
    yield chunk
    done += chunk.length
  }
}
