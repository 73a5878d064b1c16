// The kernel log, read with VMCOREINFO alone: it must work when symbols, types and most pages are gone.
// Source: kernel/printk/printk_ringbuffer.h (since v5.10), kernel/printk/printk.c struct printk_log (v3.5 to v5.9).
import { CorruptError, FaultError, NotFoundError } from '../base/errors.ts'
import { decodeAscii } from '../base/text.ts'
import type { VmcoreInfo } from '../debuginfo/vmcoreinfo.ts'
import type { MemoryReader } from '../program/memory.ts'

/** One record of the kernel log. */
export interface LogRecord {
  readonly seq: bigint
  /** Nanoseconds since boot. */
  readonly tsNsec: bigint
  /** 0 (emergency) to 7 (debug). */
  readonly level: number
  readonly facility: number
  /** Task id, or CPU number with bit 31 set; undefined before v5.1. */
  readonly callerId: number | undefined
  /** Without a trailing newline; may hold several lines. */
  readonly text: string
  /** `SUBSYSTEM=…`, `DEVICE=…` of dev_printk(), '' mostly. */
  readonly subsystem: string
  readonly device: string
  /** Why the text is missing; '' when it is there. */
  readonly lost: string
}

/** Descriptors of the largest ring (log_buf_len=2G). */
const COUNT_BITS_MAX = 26
const SIZE_BITS_MAX = 32
const TEXT_SIZE_MAX = 65_535
const PRINTK_LOG_LIMIT = 10_000_000

/**
 * Read the log, oldest record first.
 *
 * @throws {NotFoundError} if VMCOREINFO does not locate the log
 * @throws {FaultError} if the ring's own structures are not in the dump
 */
export function* readLog(memory: MemoryReader, info: VmcoreInfo): Generator<LogRecord> {
  if (info.symbol('prb') !== undefined) yield* readRingbuffer(memory, info)
  else if (info.symbol('log_first_idx') !== undefined) yield* readPrintkLog(memory, info)
  else throw new NotFoundError('vmcoreinfo', 'SYMBOL(prb), SYMBOL(log_first_idx)')
}

/** printk_ringbuffer: where its parts lie. */
interface Ring {
  readonly memory: MemoryReader
  readonly info: VmcoreInfo
  readonly count: bigint
  readonly descs: bigint
  readonly infos: bigint
  readonly data: bigint
  readonly dataSize: bigint
}

function* readRingbuffer(memory: MemoryReader, info: VmcoreInfo): Generator<LogRecord> {
  const rb = memory.u64(info.getSymbol('prb'))
  const descRing = rb + BigInt(info.getOffset('printk_ringbuffer.desc_ring'))
  const dataRing = rb + BigInt(info.getOffset('printk_ringbuffer.text_data_ring'))
  const at = (base: bigint, member: string): bigint => base + BigInt(info.getOffset(member))
  const countBits = memory.u32(at(descRing, 'prb_desc_ring.count_bits'))
  const sizeBits = memory.u32(at(dataRing, 'prb_data_ring.size_bits'))
  if (countBits > COUNT_BITS_MAX || sizeBits > SIZE_BITS_MAX)
    throw new CorruptError(rb, 'printk ring sizes')
  const ring: Ring = {
    memory,
    info,
    count: 1n << BigInt(countBits),
    descs: memory.u64(at(descRing, 'prb_desc_ring.descs')),
    infos: memory.u64(at(descRing, 'prb_desc_ring.infos')),
    data: memory.u64(at(dataRing, 'prb_data_ring.data')),
    dataSize: 1n << BigInt(sizeBits),
  }
  const counter = BigInt(info.offset('atomic_long_t.counter') ?? 0)
  const tail = memory.u64(at(descRing, 'prb_desc_ring.tail_id') + counter)
  const head = memory.u64(at(descRing, 'prb_desc_ring.head_id') + counter)
  // Ids have 62 bits and wrap; a torn tail still leaves the newest `count` records.
  let left = BigInt.asUintN(62, head - tail) + 1n
  if (left > ring.count) left = ring.count
  for (let i = left - 1n; i >= 0n; i--) {
    const record = readRecord(ring, BigInt.asUintN(62, head - i))
    if (record) yield record
  }
}

const DESC_COMMITTED = 1n
const DESC_FINALIZED = 2n

function readRecord(ring: Ring, id: bigint): LogRecord | undefined {
  const { memory, info } = ring
  const index = id % ring.count
  const desc = ring.descs + index * BigInt(info.getSize('prb_desc'))
  const counter = BigInt(info.offset('atomic_long_t.counter') ?? 0)
  try {
    const stateVar = memory.u64(desc + BigInt(info.getOffset('prb_desc.state_var')) + counter)
    const state = stateVar >> 62n
    if (
      BigInt.asUintN(62, stateVar) !== id ||
      (state !== DESC_COMMITTED && state !== DESC_FINALIZED)
    )
      return undefined
    return readInfo(ring, desc, ring.infos + index * BigInt(info.getSize('printk_info')))
  } catch (error) {
    if (!(error instanceof FaultError)) throw error
    return { ...NO_RECORD, lost: error.message }
  }
}

const NO_RECORD: LogRecord = {
  seq: 0n,
  tsNsec: 0n,
  level: 6,
  facility: 0,
  callerId: undefined,
  text: '',
  subsystem: '',
  device: '',
  lost: '',
}

function readInfo(ring: Ring, desc: bigint, at: bigint): LogRecord {
  const { memory, info } = ring
  const textLength = info.getOffset('printk_info.text_len')
  const callerAt = info.offset('printk_info.caller_id')
  const deviceAt = info.offset('printk_info.dev_info')
  // `u16 text_len; u8 facility; u8 flags:5, level:3` has been so since v5.10.
  const flagsLevel = memory.u8(at + BigInt(textLength + 3))
  const lpos = desc + BigInt(info.getOffset('prb_desc.text_blk_lpos'))
  const record = {
    seq: memory.u64(at + BigInt(info.getOffset('printk_info.seq'))),
    tsNsec: memory.u64(at + BigInt(info.getOffset('printk_info.ts_nsec'))),
    level: memory.littleEndian ? flagsLevel >> 5 : flagsLevel & 7,
    facility: memory.u8(at + BigInt(textLength + 2)),
    callerId: callerAt === undefined ? undefined : memory.u32(at + BigInt(callerAt)),
    // struct dev_printk_info { char subsystem[16]; char device[48]; }
    subsystem: deviceAt === undefined ? '' : readText(memory, at + BigInt(deviceAt), 16),
    device: deviceAt === undefined ? '' : readText(memory, at + BigInt(deviceAt + 16), 48),
    lost: '',
  }
  try {
    return { ...record, text: readRingText(ring, lpos, memory.u16(at + BigInt(textLength))) }
  } catch (error) {
    if (!(error instanceof FaultError)) throw error
    return { ...record, text: '', lost: error.message }
  }
}

/** The text block: an id word, then the text. Bit 0 of a position says there is no data. */
function readRingText(ring: Ring, lpos: bigint, length: number): string {
  const { memory, info } = ring
  const begin = memory.u64(lpos + BigInt(info.getOffset('prb_data_blk_lpos.begin')))
  const next = memory.u64(lpos + BigInt(info.getOffset('prb_data_blk_lpos.next')))
  if (begin & 1n || begin === next) return ''
  const mask = ring.dataSize - 1n
  // A block that would cross the end of the ring lies at its start instead.
  const wraps = begin / ring.dataSize !== next / ring.dataSize && (next & mask) !== 0n
  const start = wraps ? 0n : begin & mask
  const room = Number((wraps ? next & mask : next - begin) - 8n)
  return readLogText(memory, ring.data + start + 8n, Math.min(length, room, TEXT_SIZE_MAX))
}

function readLogText(memory: MemoryReader, at: bigint, length: number): string {
  if (length <= 0) return ''
  const bytes = new Uint8Array(length)
  memory.readVirtual(at, bytes)
  return new TextDecoder().decode(bytes).replace(/\n$/, '')
}

function readText(memory: MemoryReader, at: bigint, size: number): string {
  const bytes = new Uint8Array(size)
  memory.readVirtual(at, bytes)
  const end = bytes.indexOf(0)
  return decodeAscii(bytes, 0, end < 0 ? size : end)
}

/** v3.5 to v5.9: records of variable length; length 0 means go on at the buffer's start. */
function* readPrintkLog(memory: MemoryReader, info: VmcoreInfo): Generator<LogRecord> {
  const name = info.size('printk_log') === undefined ? 'log' : 'printk_log'
  const offset = (member: string): bigint => BigInt(info.getOffset(`${name}.${member}`))
  const buffer = memory.u64(info.getSymbol('log_buf'))
  const size = memory.u32(info.getSymbol('log_buf_len'))
  const end = memory.u32(info.getSymbol('log_next_idx'))
  let index = memory.u32(info.getSymbol('log_first_idx'))
  for (let seq = 0n; index !== end && seq < PRINTK_LOG_LIMIT; seq++) {
    if (index >= size) throw new CorruptError(buffer, `log index ${index} is beyond ${size}`)
    const at = buffer + BigInt(index)
    const length = memory.u16(at + offset('len'))
    if (length === 0) {
      if (index === 0) return
      index = 0
      continue
    }
    const textLength = memory.u16(at + offset('text_len'))
    // u16 len, text_len, dict_len; u8 facility; u8 flags:5, level:3
    const facilityAt = offset('dict_len') + 2n
    yield {
      ...NO_RECORD,
      seq,
      tsNsec: memory.u64(at + offset('ts_nsec')),
      facility: memory.u8(at + facilityAt),
      level: memory.u8(at + facilityAt + 1n) >> 5,
      text: readLogText(memory, at + BigInt(info.getSize(name)), textLength),
    }
    index += length
  }
}

/** `[   12.345678] text`, every line of a record prefixed: what dmesg prints. */
export function formatLogLines(record: LogRecord): string[] {
  const stamp = formatTimestamp(record.tsNsec)
  const text = record.lost === '' ? record.text : `(${record.lost})`
  return text.split('\n').map((line) => `[${stamp}] ${line}`)
}

/** Seconds and microseconds since boot, `%5lu.%06lu`. */
export function formatTimestamp(tsNsec: bigint): string {
  const seconds = (tsNsec / 1_000_000_000n).toString().padStart(5)
  return `${seconds}.${((tsNsec % 1_000_000_000n) / 1000n).toString().padStart(6, '0')}`
}
