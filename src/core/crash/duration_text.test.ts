// Times in crash's words.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatDate, formatElapsed, formatUptime } from './duration_text.ts'
import { formatMemorySize } from './size_text.ts'

test('an uptime shows days only where there are any', () => {
  assert.equal(formatUptime(31.995), '00:00:31')
  assert.equal(formatUptime(10 * 86_400 + 14 * 3600 + 14 * 60 + 39), '10 days, 14:14:39')
  assert.equal(formatUptime(-1), '00:00:00')
})

test('time since a task ran is cut to milliseconds, not rounded', () => {
  assert.equal(formatElapsed(19_761_310n), '0 00:00:00.019')
  assert.equal(formatElapsed(90_061_001_000_000n), '1 01:01:01.001')
  assert.equal(formatElapsed(-5n), '0 00:00:00.000')
})

test('a date is what date(1) prints in UTC, and nonsense says so', () => {
  assert.equal(formatDate(1_795_388_900), 'Sun Nov 22 23:08:20 UTC 2026')
  assert.equal(formatDate(1_796_169_600), 'Wed Dec  2 00:00:00 UTC 2026')
  assert.equal(formatDate(1e20), '(unknown)')
})

test('a size is in the largest unit that is not below one', () => {
  assert.equal(formatMemorySize(130_939 * 4096), '511.5 MB')
  assert.equal(formatMemorySize(2 ** 30), '1 GB')
  assert.equal(formatMemorySize(1.5 * 2 ** 40), '1536 GB')
  assert.equal(formatMemorySize(640 * 1024), '640 KB')
})
