// Logs short and long: what a report keeps of them.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readTroubles, type LogLine } from '../../diagnose/trouble.ts'
import { readReportLog } from './read_log.ts'

function logOf(texts: readonly string[]): ReturnType<typeof readReportLog> {
  const lines = texts.map((text, index): LogLine => ({
    text,
    tsNsec: BigInt(index) * 1_000_000n,
    level: 6,
    callerId: undefined,
  }))
  return readReportLog({ lines, troubles: readTroubles(lines) })
}

const numbered = (count: number): string[] =>
  Array.from({ length: count }, (_, index) => `line ${index}`)

test('a short log is kept whole, with times and where trouble begins', () => {
  const log = logOf(['one', 'BUG: kernel NULL pointer dereference, address: 0000000000000010'])
  assert.deepEqual(log?.lines[1], {
    time: '0.001000',
    level: 6,
    text: 'BUG: kernel NULL pointer dereference, address: 0000000000000010',
  })
  assert.deepEqual([log?.omitted, log?.omittedAt], [0, 0])
  assert.deepEqual(log?.troubles, [{ kind: 'null-dereference', line: 1, lineCount: 1 }])
})

test('of a long log the beginning and the end are kept, the end more', () => {
  const log = logOf(numbered(10_000))
  assert.equal(log?.lineCount, 10_000)
  assert.equal(log?.lines.length, 3000)
  assert.equal(log?.omitted, 7000)
  assert.equal(log?.omittedAt, 600)
  assert.equal(log?.lines[599]?.text, 'line 599')
  assert.equal(log?.lines[600]?.text, 'line 7600')
  assert.equal(log?.lines.at(-1)?.text, 'line 9999')
})

test('few lines may be long: their text is limited too', () => {
  const log = logOf(Array.from({ length: 400 }, () => 'x'.repeat(5000)))
  const size = log?.lines.reduce((sum, { text }) => sum + text.length, 0) ?? 0
  assert.ok(size > 150_000 && size < 201_000, String(size))
  assert.ok(log?.lines[0]?.text.endsWith('x…'))
  assert.equal((log?.omitted ?? 0) + (log?.lines.length ?? 0), 400)
})

test('a log just within the limits is whole, though its halves would be cut', () => {
  const log = logOf(numbered(3000))
  assert.equal(log?.lines.length, 3000)
  assert.equal(log?.omitted, 0)
})

test('without a log there is none', () => {
  assert.equal(logOf([]), null)
})
