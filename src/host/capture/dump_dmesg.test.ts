// Records as makedumpfile prints them; that it finds the same records is test/compat/dmesg.test.ts.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type LogRecord, NO_RECORD } from '../../core/kernel/log_record.ts'
import { formatDmesgRecord } from './dump_dmesg.ts'

function format(record: Partial<LogRecord>, callers = false): string {
  const bytes = formatDmesgRecord({ ...NO_RECORD, tsNsec: 12_345_678_000n, ...record }, callers)
  return Buffer.from(bytes).toString('latin1')
}

test('further lines of a text stand below the first', () => {
  const bytes = Buffer.from('one\ntwo')
  assert.equal(format({ bytes }), '[   12.345678] one\n               two\n')
  assert.equal(
    format({ bytes, callerId: 7 }, true),
    `[   12.345678] [      T7] one\n${' '.repeat(26)}two\n`,
  )
})

test('who printed is a thread or a CPU, and is left out where the kernel does not tell', () => {
  assert.equal(format({ callerId: 0x8000_0003 }, true), '[   12.345678] [      C3] \n')
  assert.equal(format({ callerId: 3 }, false), '[   12.345678] \n')
  assert.equal(format({ callerId: undefined }, true), '[   12.345678] \n')
})

test('bytes that are neither printable nor white space are written in hex', () => {
  const bytes = Uint8Array.of(0x41, 0x09, 0x00, 0x0d, 0x0b, 0x1b, 0x7f, 0x5c, 0xc3, 0xff)
  assert.equal(format({ bytes }), '[   12.345678] A\t\\x00\r\v\\x1b\\x7f\\\\xc3\\xff\n')
})

test('a record whose text is not there says why', () => {
  assert.equal(format({ lost: 'page excluded' }), '[   12.345678] (page excluded)\n')
})
