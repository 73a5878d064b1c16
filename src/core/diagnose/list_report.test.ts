// The words of lib/list_debug.c, release by release.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseListReport } from './list_report.ts'

const A = 0xffff_8881_0000_0010n
const B = 0xffff_8881_0000_0020n
const C = 0xffff_8881_0000_0030n
const hex = (value: bigint): string => value.toString(16)

test('a neighbour that points elsewhere: who, what it is and should be', () => {
  for (const line of [
    `list_del corruption. prev->next should be ${hex(A)}, but was ${hex(B)}. (prev=${hex(C)})`,
    `list_del corruption. prev->next should be ${hex(A)}, but was ${hex(B)}`,
  ]) {
    const report = parseListReport(line)
    assert.deepEqual(
      [report?.operation, report?.what, report?.entry, report?.pointer, report?.found],
      ['list_del', 'mismatch', A, 'prev->next', B],
    )
    assert.equal(report?.owner, line.includes('(prev=') ? C : undefined)
  }
  const add = parseListReport(
    `list_add corruption. next->prev should be prev (${hex(A)}), but was ${hex(B)}. (next=${hex(C)}).`,
  )
  assert.deepEqual(
    [add?.operation, add?.entry, add?.expected, add?.found, add?.owner],
    ['list_add', undefined, A, B, C],
  )
})

test('an entry that was deleted, one never on a list, one added twice', () => {
  const deleted = parseListReport(
    `list_del corruption, ${hex(A)}->prev is LIST_POISON2 (dead000000000122)`,
  )
  assert.deepEqual(
    [deleted?.what, deleted?.entry, deleted?.pointer, deleted?.found],
    ['deleted', A, 'entry->prev', 0xdead_0000_0000_0122n],
  )
  assert.equal(parseListReport(`list_del corruption, ${hex(A)}->next is NULL`)?.what, 'null')
  assert.equal(parseListReport('list_add corruption. prev is NULL.')?.what, 'null')
  const twice = parseListReport(
    `list_add double add: new=${hex(A)}, prev=${hex(A)}, next=${hex(B)}.`,
  )
  assert.deepEqual([twice?.what, twice?.pointer], ['double add', 'prev'])
})

test('other lines are none', () => {
  assert.equal(parseListReport('list_add corruption of another kind'), undefined)
  assert.equal(parseListReport(''), undefined)
})
