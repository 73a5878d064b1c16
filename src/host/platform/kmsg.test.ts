// Records as /dev/kmsg gives them, and what dmesg would print.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatKmsgRecord } from './kmsg.ts'

test('a record is stamped; its dictionary lines are left out', () => {
  const record =
    '6,339,5140900,-;NET: Registered protocol\n SUBSYSTEM=acpi\n DEVICE=+acpi:PNP0A03:00\n'
  assert.equal(formatKmsgRecord(record), '[    5.140900] NET: Registered protocol\n')
})

test('escapes become what they stand for, each line with its stamp', () => {
  assert.equal(
    formatKmsgRecord('4,1,12345678901,-,caller=T1;a\\x0ab\\x5cc\n'),
    '[12345.678901] a\n[12345.678901] b\\c\n',
  )
})

test('what is no record is nothing', () => {
  assert.equal(formatKmsgRecord('garbage'), '')
})
