// The kernel log of v3.5 to v5.9: records of variable length, one after the other in a ring.
// Source: kernel/printk/printk.c struct printk_log (struct log before v3.11).
import { CorruptError } from '../base/errors.ts'
import type { VmcoreInfo } from '../debuginfo/vmcoreinfo.ts'
import { readVirtualBytes } from '../io/virtual_reader.ts'
import type { MemoryReader } from '../program/memory.ts'
import { decodeLogText, NO_RECORD, type LogRecord } from './log_record.ts'

/** log_buf_len=2G. */
const SIZE_MAX = 2 ** 31

/**
 * Read the records, oldest first; a length of 0 means go on at the buffer's start.
 *
 * @param first variable that holds the index of the first record: log_first_idx, or clear_idx
 * @throws {FaultError} after the good records, if one is not in the dump
 * @throws {CorruptError} after the good records, if one leads nowhere
 * @internal
 */
export function* readPrintkLog(
  memory: MemoryReader,
  info: VmcoreInfo,
  first: 'log_first_idx' | 'clear_idx' = 'log_first_idx',
): Generator<LogRecord> {
  const name = info.size('printk_log') === undefined ? 'log' : 'printk_log'
  const offset = (member: string): bigint => BigInt(info.getOffset(`${name}.${member}`))
  const [timeAt, lengthAt, textLengthAt] = [offset('ts_nsec'), offset('len'), offset('text_len')]
  // u16 len, text_len, dict_len; u8 facility; u8 flags:5, level:3
  const facilityAt = offset('dict_len') + 2n
  const headerSize = info.getSize(name)
  const buffer = memory.u64(info.getSymbol('log_buf'))
  const size = memory.u32(info.getSymbol('log_buf_len'))
  const end = memory.u32(info.getSymbol('log_next_idx'))
  let index = memory.u32(info.getSymbol(first))
  if (size > SIZE_MAX || headerSize < 16) throw new CorruptError(buffer, `log of ${size} bytes`)
  let left = size
  for (let seq = 0n; index !== end;) {
    if (index >= size) throw new CorruptError(buffer, `log index ${index} is beyond ${size}`)
    const at = buffer + BigInt(index)
    const length = memory.u16(at + lengthAt)
    left -= length === 0 ? size - index : length
    // Records that lead past where they began would be walked for ever.
    if (left < 0 || (length > 0 && length < headerSize)) {
      throw new CorruptError(at, `log record of ${length} bytes leads nowhere`)
    }
    if (length === 0) {
      index = 0
      continue
    }
    const flagsLevel = memory.u8(at + facilityAt + 1n)
    const textLength = Math.min(memory.u16(at + textLengthAt), length - headerSize)
    const bytes = readVirtualBytes(memory, at + BigInt(headerSize), textLength)
    yield {
      ...NO_RECORD,
      seq: seq++,
      tsNsec: memory.u64(at + timeAt),
      facility: memory.u8(at + facilityAt),
      level: memory.littleEndian ? flagsLevel >> 5 : flagsLevel & 7,
      text: decodeLogText(bytes),
      bytes,
    }
    index += length
  }
}
