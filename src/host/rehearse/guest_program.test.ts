// Plans as the host writes them, and files that are none.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { GuestPlan } from './guest_files.ts'
import { parseGuestPlan } from './guest_program.ts'

const PLAN: GuestPlan = {
  version: 1,
  arm: [
    ['kbox', 'start'],
    ['kbox', 'status'],
  ],
  sysrq: 'c',
  links: [['/dev/sda3', '/dev/vdb']],
  workload: true,
  takeTruth: true,
}

test('a plan arrives as it was sent', () => {
  assert.deepEqual(parseGuestPlan('plan', JSON.stringify(PLAN)), PLAN)
})

test('what is no plan, or one of another version, is refused', () => {
  for (const text of [
    '',
    '[]',
    '{}',
    JSON.stringify({ ...PLAN, version: 2 }),
    JSON.stringify({ ...PLAN, arm: ['kbox'] }),
  ]) {
    assert.throws(() => parseGuestPlan('plan', text), {
      code: 'ERR_FORMAT',
      message: /^plan: offset 0x0: not a plan/,
    })
  }
})
