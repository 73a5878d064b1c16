// Frames of real traces, told apart by whether they could be at fault.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bareName, isPanicMachinery } from './panic_machinery.ts'

test('the way from a fault to the capture kernel is not to blame', () => {
  for (const name of [
    ...[
      '__crash_kexec',
      'panic',
      'vpanic',
      'oops_end',
      'page_fault_oops',
      'exc_page_fault',
      'asm_exc_page_fault',
    ],
    ...['panic.cold', 'die_addr', 'asm_sysvec_apic_timer_interrupt', '__stack_chk_fail'],
  ]) {
    assert.ok(isPanicMachinery(name), name)
  }
})

test('what was running is to blame', () => {
  for (const name of [
    'sysrq_handle_crash',
    'ext4_file_write_iter',
    'execute_command',
    'panic_write',
    'do_exit',
  ]) {
    assert.ok(!isPanicMachinery(name), name)
  }
})

test('suffixes of compilers are cut, other dots are kept', () => {
  assert.equal(bareName('__handle_sysrq.cold'), '__handle_sysrq')
  assert.equal(bareName('f.isra.0.constprop.12'), 'f')
  assert.equal(bareName('v1.2'), 'v1.2')
})
