// Which functions can be to blame, by name.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isBlamable, isDispatcher } from './blame.ts'

test('the kernel is entered through functions that are not to blame', () => {
  for (const name of ['entry_SYSCALL_64_after_hwframe', 'entry_SYSENTER_compat_after_hwframe'])
    assert.ok(isDispatcher(name), name)
})

test('a function that only begins like an entry of the kernel can be to blame', () => {
  for (const name of ['entry_touch', 'entry_is_valid']) assert.ok(isBlamable(name), name)
})
