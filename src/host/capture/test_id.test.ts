// The word that marks a provoked crash, on command lines and in the status file.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { findTestId, formatTestId, makeTestId, testTimeMs } from './test_id.ts'

test('an id is found where it was put, among other words', () => {
  const id = makeTestId(Date.UTC(2026, 10, 26, 6, 10, 53) + 123.5)
  assert.equal(id, '1795673453-123500000')
  assert.equal(findTestId(`irqpoll ${formatTestId(id)} nr_cpus=1`), id)
  assert.equal(findTestId(`pending ${formatTestId(id)}\n`), id)
  assert.equal(testTimeMs(id), Date.UTC(2026, 10, 26, 6, 10, 53))
})

test('other words are no ids', () => {
  for (const text of ['', 'kdump_test_id=', 'my_kdump_test_id=1-2', 'kdump_test_id=../../x'])
    assert.equal(findTestId(text), undefined)
})
