// The lockless ring of kernel messages since v5.10: descriptors, infos beside them, and a ring of text blocks.
// Source: kernel/printk/printk_ringbuffer.h and .c. Reads with VMCOREINFO alone.
import { CorruptError, FaultError } from '../base/errors.ts'
import { decodeAscii } from '../base/text.ts'
import type { VmcoreInfo } from '../debuginfo/vmcoreinfo.ts'
import { readVirtualBytes } from '../io/virtual_reader.ts'
import type { MemoryReader } from '../program/memory.ts'
import { decodeLogText, NO_RECORD, type LogRecord } from './log_record.ts'

/** Descriptors of the largest ring (log_buf_len=2G). */
const COUNT_BITS_MAX = 26
const SIZE_BITS_MAX = 32
const STRUCT_SIZE_MAX = 4096
/** The smallest page: what one fault says of the bytes around it. */
const PAGE_SIZE = 4096n

// Upper two bits of a descriptor's state_var.
const DESC_COMMITTED = 1
const DESC_FINALIZED = 2
/** Text position of a record for which the ring had no room. */
const FAILED_LPOS = 1n
/** struct dev_printk_info { char subsystem[16]; char device[48]; } */
const SUBSYSTEM_SIZE = 16
const DEVICE_SIZE = 48

/** Where the ring's parts lie. */
interface Ring {
  readonly memory: MemoryReader
  readonly layout: Layout
  readonly count: number
  readonly descs: bigint
  readonly infos: bigint
  readonly data: bigint
  readonly dataBits: bigint
  /** `struct prb_desc` and `struct printk_info` of the record being read. */
  readonly desc: DataView
  readonly info: DataView
}

/** Offsets of members, looked up once: a log has a hundred thousand records. */
interface Layout {
  readonly descSize: number
  readonly infoSize: number
  readonly state: number
  readonly begin: number
  readonly next: number
  readonly seq: number
  readonly time: number
  readonly textLength: number
  readonly caller: number | undefined
  readonly device: number | undefined
}

/**
 * Read the ring, oldest record first. Descriptors that cannot be read yield one record for all of a page.
 *
 * @throws {FaultError} if the ring's own structures are not in the dump
 * @throws {CorruptError} if they make no sense
 * @internal
 */
export function* readRingbuffer(memory: MemoryReader, info: VmcoreInfo): Generator<LogRecord> {
  const { ring, tail, head } = openRing(memory, info)
  // Ids have 62 bits and wrap; a torn tail still leaves the newest `count` records.
  const distance = BigInt.asUintN(62, head - tail) + 1n
  const total = distance > BigInt(ring.count) ? ring.count : Number(distance)
  const first = BigInt.asUintN(62, head - BigInt(total - 1))
  for (let i = 0; i < total;) {
    const id = BigInt.asUintN(62, first + BigInt(i))
    const index = Number(id % BigInt(ring.count))
    try {
      const record = readRecord(ring, id, index)
      if (record) yield record
      i++
    } catch (error) {
      if (!(error instanceof FaultError)) throw error
      const lost = Math.min(recordsOnPage(ring, index, error.address), total - i)
      const count = lost > 1 ? `${lost} records: ` : ''
      yield { ...NO_RECORD, lost: `${count}${error.message}` }
      i += lost
    }
  }
}

function openRing(
  memory: MemoryReader,
  info: VmcoreInfo,
): { ring: Ring; tail: bigint; head: bigint } {
  const rb = memory.u64(info.getSymbol('prb'))
  const descRing = rb + BigInt(info.getOffset('printk_ringbuffer.desc_ring'))
  const dataRing = rb + BigInt(info.getOffset('printk_ringbuffer.text_data_ring'))
  const at = (base: bigint, member: string): bigint => base + BigInt(info.getOffset(member))
  const countBits = memory.u32(at(descRing, 'prb_desc_ring.count_bits'))
  const sizeBits = memory.u32(at(dataRing, 'prb_data_ring.size_bits'))
  // The kernel makes a descriptor for each 32 bytes of text.
  if (countBits > COUNT_BITS_MAX || sizeBits > SIZE_BITS_MAX || countBits > sizeBits) {
    throw new CorruptError(rb, `printk ring of 2^${countBits} records and 2^${sizeBits} bytes`)
  }
  const layout = readLayout(info, rb)
  const ring: Ring = {
    memory,
    layout,
    count: 2 ** countBits,
    descs: memory.u64(at(descRing, 'prb_desc_ring.descs')),
    infos: memory.u64(at(descRing, 'prb_desc_ring.infos')),
    data: memory.u64(at(dataRing, 'prb_data_ring.data')),
    dataBits: BigInt(sizeBits),
    desc: new DataView(new ArrayBuffer(layout.descSize)),
    info: new DataView(new ArrayBuffer(layout.infoSize)),
  }
  const counter = BigInt(info.offset('atomic_long_t.counter') ?? 0)
  const tail = memory.u64(at(descRing, 'prb_desc_ring.tail_id') + counter)
  const head = memory.u64(at(descRing, 'prb_desc_ring.head_id') + counter)
  return { ring, tail, head }
}

function readLayout(info: VmcoreInfo, rb: bigint): Layout {
  const counter = info.offset('atomic_long_t.counter') ?? 0
  const text = info.getOffset('prb_desc.text_blk_lpos')
  const layout = {
    descSize: info.getSize('prb_desc'),
    infoSize: info.getSize('printk_info'),
    state: info.getOffset('prb_desc.state_var') + counter,
    begin: text + info.getOffset('prb_data_blk_lpos.begin'),
    next: text + info.getOffset('prb_data_blk_lpos.next'),
    seq: info.getOffset('printk_info.seq'),
    time: info.getOffset('printk_info.ts_nsec'),
    textLength: info.getOffset('printk_info.text_len'),
    caller: info.offset('printk_info.caller_id'),
    device: info.offset('printk_info.dev_info'),
  }
  const descEnd = Math.max(layout.state, layout.begin, layout.next) + 8
  const callerEnd = (layout.caller ?? 0) + 4
  const deviceEnd = layout.device === undefined ? 0 : layout.device + SUBSYSTEM_SIZE + DEVICE_SIZE
  const infoEnd = Math.max(
    layout.seq + 8,
    layout.time + 8,
    layout.textLength + 4,
    callerEnd,
    deviceEnd,
  )
  const isWithin = descEnd <= layout.descSize && infoEnd <= layout.infoSize
  if (!isWithin || layout.descSize > STRUCT_SIZE_MAX || layout.infoSize > STRUCT_SIZE_MAX) {
    throw new CorruptError(rb, 'VMCOREINFO has members of the printk ring outside of their structs')
  }
  return layout
}

/** How many records from `index` on have their descriptor or info on the page that could not be read. */
function recordsOnPage(
  { layout, descs, infos, count }: Ring,
  index: number,
  address: bigint,
): number {
  const pageEnd = (address / PAGE_SIZE + 1n) * PAGE_SIZE
  const info = infos + BigInt(index * layout.infoSize)
  const inInfo = address >= info && address < info + BigInt(layout.infoSize)
  const [start, size] = inInfo
    ? [info, layout.infoSize]
    : [descs + BigInt(index * layout.descSize), layout.descSize]
  const onPage = Math.ceil(Number(pageEnd - start) / size)
  return Math.max(1, Math.min(onPage, count - index))
}

/** @returns undefined for a slot that is free, being written, or already another record's */
function readRecord(ring: Ring, id: bigint, index: number): LogRecord | undefined {
  const { memory, layout, desc } = ring
  memory.readVirtual(ring.descs + BigInt(index * layout.descSize), new Uint8Array(desc.buffer))
  const state = desc.getBigUint64(layout.state, memory.littleEndian)
  const kind = Number(state >> 62n)
  if (BigInt.asUintN(62, state) !== id) return undefined
  if (kind !== DESC_COMMITTED && kind !== DESC_FINALIZED) return undefined
  memory.readVirtual(ring.infos + BigInt(index * layout.infoSize), new Uint8Array(ring.info.buffer))
  const record = decodeInfo(ring)
  try {
    return { ...record, ...readText(ring, id) }
  } catch (error) {
    if (!(error instanceof FaultError)) throw error
    return { ...record, lost: error.message }
  }
}

function decodeInfo({ memory, layout, info }: Ring): LogRecord {
  const little = memory.littleEndian
  const { textLength, caller, device } = layout
  // `u16 text_len; u8 facility; u8 flags:5, level:3` has been so since v5.10.
  const flagsLevel = info.getUint8(textLength + 3)
  const bytes = new Uint8Array(info.buffer)
  return {
    seq: info.getBigUint64(layout.seq, little),
    tsNsec: info.getBigUint64(layout.time, little),
    level: little ? flagsLevel >> 5 : flagsLevel & 7,
    facility: info.getUint8(textLength + 2),
    callerId: caller === undefined ? undefined : info.getUint32(caller, little),
    text: '',
    bytes: NO_RECORD.bytes,
    subsystem: device === undefined ? '' : textField(bytes, device, SUBSYSTEM_SIZE),
    device: device === undefined ? '' : textField(bytes, device + SUBSYSTEM_SIZE, DEVICE_SIZE),
    lost: '',
  }
}

function textField(bytes: Uint8Array, start: number, size: number): string {
  const end = bytes.indexOf(0, start)
  return decodeAscii(bytes, start, end < 0 ? start + size : Math.min(end, start + size))
}

/** The text block: the record's id, then the text. Bit 0 of a position says that there is no block. */
function readText(ring: Ring, id: bigint): Partial<LogRecord> {
  const { memory, layout, desc, dataBits } = ring
  const begin = desc.getBigUint64(layout.begin, memory.littleEndian)
  const next = desc.getBigUint64(layout.next, memory.littleEndian)
  if (begin & 1n) return { text: '', lost: begin === FAILED_LPOS ? 'no room in the ring' : '' }
  const size = 1n << dataBits
  // Since v6.19, commit 67e1b0052f6b ("printk_ringbuffer: don't needlessly wrap data blocks around"), a block
  // may end exactly with the ring: its last byte says in which round it lies.
  const lastRound = BigInt.asUintN(64, next - 1n) >> dataBits
  const isWrapped = begin >> dataBits !== lastRound
  // A block that would cross the end of the ring lies at its start instead.
  const room = isWrapped ? next & (size - 1n) : BigInt.asUintN(64, next - begin)
  const isValid = !isWrapped || BigInt.asUintN(64, begin + size) >> dataBits === lastRound
  if (!isValid || room < 8n || room > size)
    return { text: '', lost: 'position of the text is invalid' }
  const block = ring.data + (isWrapped ? 0n : begin & (size - 1n))
  if (BigInt.asUintN(62, memory.u64(block)) !== id)
    return { text: '', lost: 'text was overwritten' }
  const length = Math.min(
    ring.info.getUint16(layout.textLength, memory.littleEndian),
    Number(room) - 8,
  )
  const bytes = readVirtualBytes(memory, block + 8n, length)
  return { text: decodeLogText(bytes), bytes, lost: '' }
}
