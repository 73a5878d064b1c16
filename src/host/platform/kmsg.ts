// The running kernel's own log, from /dev/kmsg: one record a read, `prefix;text`.
// Source: Documentation/ABI/testing/dev-kmsg.
import { closeSync, constants, openSync, readSync } from 'node:fs'

/** The kernel refuses a read whose buffer is shorter than a record. */
const RECORD_SIZE_MAX = 8192
/** A log that grows while it is read must not hold us for ever. */
const RECORD_COUNT_MAX = 1_000_000

/**
 * Read the running kernel's log as dmesg prints it: `[    5.140900] text`, one line a line.
 *
 * @throws if the device cannot be opened
 */
export function readKmsg(device = '/dev/kmsg'): string {
  const fd = openSync(device, constants.O_RDONLY | constants.O_NONBLOCK)
  const buffer = Buffer.alloc(RECORD_SIZE_MAX)
  const lines: string[] = []
  try {
    for (let count = 0; count < RECORD_COUNT_MAX; count++) {
      const size = readRecord(fd, buffer)
      if (size === 0) break
      if (size > 0) lines.push(formatKmsgRecord(buffer.toString('utf8', 0, size)))
    }
  } finally {
    closeSync(fd)
  }
  return lines.join('')
}

/** Format one record; '' for one that is not understood. */
export function formatKmsgRecord(record: string): string {
  const match = /^\d+,\d+,(\d+),[^;]*;([^\n]*)/.exec(record)
  if (!match) return ''
  const [, stamp = '0', text = ''] = match
  const microseconds = Number(stamp)
  const seconds = Math.floor(microseconds / 1e6)
  const prefix = `[${String(seconds).padStart(5)}.${String(microseconds % 1e6).padStart(6, '0')}] `
  // The kernel writes control characters and backslashes as \xNN; a record of several lines holds \x0a.
  const plain = text.replace(/\\x([0-9a-f]{2})/gi, (_, hex: string) =>
    String.fromCharCode(parseInt(hex, 16)),
  )
  return plain
    .split('\n')
    .map((line) => `${prefix}${line}\n`)
    .join('')
}

/** @returns bytes read, 0 at the end, -1 for records that were overwritten before we came */
function readRecord(fd: number, buffer: Buffer): number {
  try {
    return readSync(fd, buffer)
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : ''
    if (code === 'EPIPE') return -1
    if (code === 'EAGAIN') return 0
    throw error
  }
}
