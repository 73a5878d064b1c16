// Faults of memory and of the log: an oops that panics, one that goes to the capture kernel itself, one that was survived.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { OOPS_TEXTS } from '../../../test/support/oops_texts.ts'
import { sceneOf } from '../../../test/support/scene.ts'
import { withoutMachinery, type Fault } from './fault.ts'

const names = ({ frames }: Fault): string[] => frames.map(({ name }) => name ?? '?')
const OOPS = [
  'BUG: kernel NULL pointer dereference, address: 000000000000001c',
  'CPU: 0 PID: 180 Comm: sh Not tainted 6.1.0 #1',
  'RIP: 0010:hub_read+0x10/0x80',
]

test('an oops without panic() saved the registers of the fault: it is the first frame', () => {
  const frames = [{ name: 'hub_read!', registers: { si: 7 } }, 'vfs_read', 'ksys_read']
  const scene = sceneOf({ log: OOPS, tasks: { sh: { pid: 180, cpu: 0, frames } }, panicCpu: 0 })
  const [fault, ...others] = scene.faults
  assert.equal(others.length, 0)
  assert.deepEqual(names(fault as Fault), ['hub_read', 'vfs_read', 'ksys_read'])
  assert.deepEqual([fault?.isFatal, fault?.isWhole], [true, true])
  assert.equal(fault?.registers.si, 7n)
  assert.equal(fault?.trouble?.line, OOPS[0])
})

test('behind panic() the fault is what the exception interrupted', () => {
  const frames = [
    ...['panic', 'oops_end', 'page_fault_oops', 'exc_page_fault', 'asm_exc_page_fault'],
    ...[{ name: 'hub_read!', registers: { di: 9 } }, 'vfs_read'],
  ]
  const [fault] = sceneOf({ tasks: { sh: { pid: 1, cpu: 0, frames } }, panicCpu: 0 }).faults
  assert.deepEqual(names(fault as Fault), ['hub_read', 'vfs_read'])
  assert.equal(fault?.entry, 'asm_exc_page_fault')
  assert.equal(fault?.registers.di, 9n)
  assert.equal(fault?.trouble, undefined)
})

test('a panic in an interrupt is no fault of what it interrupted', () => {
  const frames = ['panic', 'watchdog_timer_fn', 'asm_sysvec_apic_timer_interrupt', 'spin!', 'x']
  assert.deepEqual(sceneOf({ tasks: { sh: { pid: 1, cpu: 0, frames } }, panicCpu: 0 }).faults, [])
})

test('a fault that was survived is as the log has it, without doubtful frames', () => {
  const log = [...OOPS_TEXTS['null pointer, 6.1'], 'Kernel panic - not syncing: something else']
  const frames = ['panic', 'hub_probe', 'vfs_write']
  const scene = sceneOf({ log, tasks: { sh: { pid: 1, cpu: 0, frames } }, panicCpu: 0 })
  const [fault] = scene.faults
  assert.deepEqual([fault?.isFatal, fault?.isWhole], [false, false])
  assert.deepEqual(names(fault as Fault).slice(0, 4), [
    ...['channel_apply_config', 'hub_configure', 'trigger_null_argument', 'vfs_write'],
  ])
  assert.equal(fault?.registers.bx, 0xffff_8cde_c2a2_2240n)
  // Its module is gone from this kernel.
  assert.equal(fault?.ip, undefined)
})

test('the last fault of a log is what it died of when memory shows none', () => {
  const log = [...OOPS_TEXTS['null pointer, 6.1'], ...OOPS_TEXTS['general protection, 6.12']]
  const scene = sceneOf({ log, tasks: { sh: { pid: 1, cpu: 0 } }, panicCpu: 0 })
  assert.deepEqual(
    scene.faults.map(({ isFatal }) => isFatal),
    [false, true],
  )
})

test('of two faults of one function the one at the same instruction is the fatal one', () => {
  const [first, ...rest] = OOPS
  const log = [...OOPS.map((line) => line.replace('+0x10/', '+0x18/')), `${first}`, ...rest]
  const frames = ['hub_read!', 'vfs_read', 'ksys_read']
  const scene = sceneOf({ log, tasks: { sh: { pid: 180, cpu: 0, frames } }, panicCpu: 0 })
  assert.deepEqual(
    scene.faults.map(({ isFatal, trouble }) => [isFatal, trouble?.start]),
    [
      [false, 0],
      [true, OOPS.length],
    ],
  )
})

test('machinery before what died is cut, not what lies behind', () => {
  const frame = (name: string) => ({ name }) as never
  assert.deepEqual(
    withoutMachinery([frame('panic'), frame('hub_probe'), frame('die')]).map(({ name }) => name),
    ['hub_probe', 'die'],
  )
  assert.deepEqual(withoutMachinery([frame('panic')]), [])
})
