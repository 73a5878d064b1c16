// The kernel log, read with VMCOREINFO alone: it must work when symbols, types and most pages are gone.
// Its buffer is a ring since v5.10 (printk_ringbuffer.ts), and was a chain of records before (printk_log.ts).
import { NotFoundError } from '../base/errors.ts'
import type { VmcoreInfo } from '../debuginfo/vmcoreinfo.ts'
import type { MemoryReader } from '../program/memory.ts'
import type { LogRecord } from './log_record.ts'
import { readPrintkLog } from './printk_log.ts'
import { readRingbuffer } from './printk_ringbuffer.ts'

export type { LogRecord } from './log_record.ts'

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

/**
 * Read what was logged since the log was last cleared (`dmesg -C`), oldest record first.
 *
 * @throws {NotFoundError} if VMCOREINFO does not locate the log, or where it was cleared
 * @throws {FaultError} if the ring's own structures are not in the dump
 */
export function* readLogSinceClear(memory: MemoryReader, info: VmcoreInfo): Generator<LogRecord> {
  if (info.symbol('prb') === undefined) {
    yield* readPrintkLog(memory, info, 'clear_idx')
    return
  }
  const since = readClearSeq(memory, info)
  for (const record of readRingbuffer(memory, info)) {
    // Of a record that could not be read nobody knows when it was written.
    if (record.seq >= since || record.lost !== '') yield record
  }
}

function readClearSeq(memory: MemoryReader, info: VmcoreInfo): bigint {
  const address = info.getSymbol('clear_seq')
  const values = info.offset('latched_seq.val')
  if (values === undefined) return memory.u64(address)
  // Since v5.13, commit 7d7a23a91c91 ("printk: use seqcount_latch for clear_seq"), two copies; the count's parity
  // says which one is not being written.
  const index = memory.u32(address) & 1
  return memory.u64(address + BigInt(values + index * 8))
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
