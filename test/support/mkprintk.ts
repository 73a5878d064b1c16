// Writes the kernel's log buffers as they lie in memory, with the lines of VMCOREINFO that locate them: the ring since
// v5.10 (appending and wrapping as kernel/printk/printk_ringbuffer.c does), and the chain of records before.

/** One message; what is not given is 0. */
export interface LogLine {
  readonly text: string
  readonly level?: number
  readonly facility?: number
  readonly seconds?: number
  readonly caller?: number
  readonly device?: string
  /** 'reserved': being written; 'reusable': its text is gone; 'failed': the ring had no room for text. */
  readonly state?: 'reserved' | 'committed' | 'finalized' | 'reusable' | 'failed'
}

/** Pieces of memory by address, and VMCOREINFO. */
export interface LogImage {
  readonly pieces: readonly (readonly [at: bigint, bytes: Uint8Array])[]
  readonly vmcoreinfo: string
  /** Addresses of the parts, by the kernel's names. */
  readonly at: Readonly<Record<string, bigint>>
}

const RB = 0xffff_ffff_8240_0000n
const PRB = 0xffff_ffff_8240_1000n
const DESCS = 0xffff_ffff_8241_0000n
const INFOS = 0xffff_ffff_8242_0000n
const DATA = 0xffff_ffff_8243_0000n

const DESC_SIZE = 24
const INFO_SIZE = 88
const STATES = { reserved: 0n, committed: 1n, finalized: 2n, reusable: 3n, failed: 2n }

const RING_INFO = `SYMBOL(prb)=${PRB.toString(16)}
OFFSET(printk_ringbuffer.desc_ring)=0
OFFSET(printk_ringbuffer.text_data_ring)=40
SIZE(prb_desc)=${DESC_SIZE}
SIZE(printk_info)=${INFO_SIZE}
OFFSET(prb_desc_ring.count_bits)=0
OFFSET(prb_desc_ring.descs)=8
OFFSET(prb_desc_ring.infos)=16
OFFSET(prb_desc_ring.head_id)=24
OFFSET(prb_desc_ring.tail_id)=32
OFFSET(prb_data_ring.size_bits)=0
OFFSET(prb_data_ring.data)=8
OFFSET(prb_desc.state_var)=0
OFFSET(prb_desc.text_blk_lpos)=8
OFFSET(prb_data_blk_lpos.begin)=0
OFFSET(prb_data_blk_lpos.next)=8
OFFSET(printk_info.seq)=0
OFFSET(printk_info.ts_nsec)=8
OFFSET(printk_info.text_len)=16
OFFSET(printk_info.caller_id)=20
OFFSET(printk_info.dev_info)=24
OFFSET(atomic_long_t.counter)=0
`

/** What differs between rings. */
export interface RingRecipe {
  readonly lines: readonly LogLine[]
  readonly countBits?: number
  readonly sizeBits?: number
  /** Id of the first message; the kernel's own begins just below a wrap of its counters. */
  readonly firstId?: bigint
  /** Logical position of the first text. */
  readonly firstPosition?: bigint
  /** Since v6.19 a text may end exactly with the ring. */
  readonly exactFit?: boolean
  readonly littleEndian?: boolean
}

/** Append the lines to an empty ring. */
export function mkprintk(recipe: RingRecipe): LogImage {
  const {
    lines,
    countBits = 4,
    sizeBits = 10,
    firstId = 1000n,
    littleEndian: little = true,
  } = recipe
  const count = 2 ** countBits
  const descs = new DataView(new ArrayBuffer(count * DESC_SIZE))
  const infos = new DataView(new ArrayBuffer(count * INFO_SIZE))
  const data = new DataView(new ArrayBuffer(2 ** sizeBits))
  const size = 1n << BigInt(sizeBits)
  let position = recipe.firstPosition ?? 0n
  lines.forEach((line, i) => {
    const id = BigInt.asUintN(62, firstId + BigInt(i))
    const index = Number(id % BigInt(count))
    const text = new TextEncoder().encode(line.text)
    const { begin, next, at } = placeText(
      position,
      text.length,
      size,
      recipe.exactFit ?? false,
      line.state,
    )
    if (at !== undefined) {
      data.setBigUint64(Number(at), id, little)
      new Uint8Array(data.buffer).set(text, Number(at) + 8)
      position = next
    }
    const state = STATES[line.state ?? 'finalized']
    descs.setBigUint64(index * DESC_SIZE, (state << 62n) | id, little)
    descs.setBigUint64(index * DESC_SIZE + 8, begin, little)
    descs.setBigUint64(index * DESC_SIZE + 16, next, little)
    writeInfo(infos, index * INFO_SIZE, line, BigInt(i), text.length, little)
  })
  const ring = ringVariables(recipe, { countBits, sizeBits, firstId, little })
  const pointer = new DataView(new ArrayBuffer(8))
  pointer.setBigUint64(0, RB, little)
  const parts: [bigint, DataView][] = [
    [PRB, pointer],
    [RB, ring],
    [DESCS, descs],
    [INFOS, infos],
    [DATA, data],
  ]
  return {
    pieces: parts.map(([at, view]) => [at, new Uint8Array(view.buffer)]),
    vmcoreinfo: RING_INFO,
    at: { prb: PRB, rb: RB, descs: DESCS, infos: INFOS, data: DATA },
  }
}

/** struct printk_ringbuffer. */
function ringVariables(
  { lines }: RingRecipe,
  {
    countBits,
    sizeBits,
    firstId,
    little,
  }: { countBits: number; sizeBits: number; firstId: bigint; little: boolean },
): DataView {
  const count = 2 ** countBits
  const head = BigInt.asUintN(62, firstId + BigInt(lines.length - 1))
  const tail = lines.length > count ? BigInt.asUintN(62, head - BigInt(count - 1)) : firstId
  const ring = new DataView(new ArrayBuffer(64))
  ring.setUint32(0, countBits, little)
  ring.setBigUint64(8, DESCS, little)
  ring.setBigUint64(16, INFOS, little)
  ring.setBigUint64(24, head, little)
  ring.setBigUint64(32, tail, little)
  ring.setUint32(40, sizeBits, little)
  ring.setBigUint64(48, DATA, little)
  return ring
}

interface TextPlace {
  readonly begin: bigint
  readonly next: bigint
  /** Offset of the block in the data ring; absent without text. */
  readonly at?: bigint
}

/** get_next_lpos() and data_alloc(). */
function placeText(
  position: bigint,
  length: number,
  size: bigint,
  exactFit: boolean,
  state: LogLine['state'],
): TextPlace {
  if (state === 'failed') return { begin: 1n, next: 1n }
  if (length === 0) return { begin: 3n, next: 3n }
  const block = BigInt((8 + length + 7) & ~7)
  const next = position + block
  const round = (exactFit ? next - 1n : next) / size
  if (position / size === round)
    return { begin: position, next: BigInt.asUintN(64, next), at: position % size }
  return { begin: position, next: (next / size) * size + block, at: 0n }
}

function writeInfo(
  view: DataView,
  at: number,
  line: LogLine,
  seq: bigint,
  length: number,
  little: boolean,
): void {
  const { level = 6, facility = 0, seconds = 0, caller = 0, device = '' } = line
  new Uint8Array(view.buffer).fill(0, at, at + INFO_SIZE)
  view.setBigUint64(at, seq, little)
  view.setBigUint64(at + 8, BigInt(Math.round(seconds * 1e6)) * 1000n, little)
  view.setUint16(at + 16, length, little)
  view.setUint8(at + 18, facility)
  view.setUint8(at + 19, little ? level << 5 : level)
  view.setUint32(at + 20, caller, little)
  if (device !== '') {
    new Uint8Array(view.buffer).set(new TextEncoder().encode('usb'), at + 24)
    new Uint8Array(view.buffer).set(new TextEncoder().encode(device), at + 40)
  }
}

const OLD_INFO = `SYMBOL(log_buf)=${PRB.toString(16)}
SYMBOL(log_buf_len)=${(PRB + 8n).toString(16)}
SYMBOL(log_first_idx)=${(PRB + 12n).toString(16)}
SYMBOL(log_next_idx)=${(PRB + 16n).toString(16)}
SIZE(printk_log)=16
OFFSET(printk_log.ts_nsec)=0
OFFSET(printk_log.len)=8
OFFSET(printk_log.text_len)=10
OFFSET(printk_log.dict_len)=12
`

/** The log of v3.5 to v5.9; `first` is where in the buffer the oldest record lies. */
export function mkprintkLog(lines: readonly LogLine[], { size = 512, first = 0 } = {}): LogImage {
  const data = new DataView(new ArrayBuffer(size))
  let at = first
  for (const { text, level = 6, facility = 0, seconds = 0 } of lines) {
    const bytes = new TextEncoder().encode(text)
    const length = (16 + bytes.length + 3) & ~3
    // A header must fit behind every record: one of length 0 says go on at the start.
    if (at + length + 16 > size) at = 0
    data.setBigUint64(at, BigInt(Math.round(seconds * 1e6)) * 1000n, true)
    data.setUint16(at + 8, length, true)
    data.setUint16(at + 10, bytes.length, true)
    data.setUint8(at + 14, facility)
    data.setUint8(at + 15, level << 5)
    new Uint8Array(data.buffer).set(bytes, at + 16)
    at += length
  }
  const variables = new DataView(new ArrayBuffer(20))
  variables.setBigUint64(0, DATA, true)
  variables.setUint32(8, size, true)
  variables.setUint32(12, first, true)
  variables.setUint32(16, at, true)
  return {
    pieces: [
      [PRB, new Uint8Array(variables.buffer)],
      [DATA, new Uint8Array(data.buffer)],
    ],
    vmcoreinfo: OLD_INFO,
    at: { variables: PRB, data: DATA },
  }
}
