// Functions in real machine code that take spinlocks in opposite order, or one twice.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as iced from 'iced-x86'
import { registerDisassembler } from '../../arch/disassembler.ts'
import { createX86Disassembler } from '../../arch/x86_64_disassembler.ts'
import type { KernelBuilder } from '../../../../test/support/kernel_builder.ts'
import { sceneOf, type SceneRecipe } from '../../../../test/support/scene.ts'
import { diagnose } from '../diagnose.ts'
import { spinDeadlock } from './spin_deadlock.ts'

registerDisassembler('x86_64', () => createX86Disassembler(iced))

/** `mov $address,%rdi`, sign-extended. */
function loadArgument(address: bigint): number[] {
  const low = Number(BigInt.asUintN(32, address))
  return [0x48, 0xc7, 0xc7, low & 0xff, (low >> 8) & 0xff, (low >> 16) & 0xff, low >>> 24]
}

function call(at: bigint, target: bigint): number[] {
  const relative = Number(BigInt.asUintN(32, target - at - 5n))
  return [0xe8, relative & 0xff, (relative >> 8) & 0xff, (relative >> 16) & 0xff, relative >>> 24]
}

/** Behind the second call: where a frame with this offset stands. */
const SECOND_CALL = 24

/** A function that takes two locks and gives them back in turn; `again` calls what takes the second. */
function writeFunction(
  kernel: KernelBuilder,
  name: string,
  [first, second]: readonly [string, string],
  take = '_raw_spin_lock',
): void {
  const start = kernel.addressOf(name)
  const code: number[] = []
  const step = (lock: string, callee: string): void => {
    code.push(...loadArgument(kernel.addressOf(lock)))
    code.push(...call(start + BigInt(code.length), kernel.addressOf(callee)))
  }
  step(first, '_raw_spin_lock')
  step(second, take)
  step(second, '_raw_spin_unlock')
  step(first, '_raw_spin_unlock')
  code.push(0xc3)
  kernel.image.write(start, Uint8Array.from(code))
}

const SPIN = ['queued_spin_lock_slowpath', '_raw_spin_lock']
const LOCKED = 'watchdog: BUG: soft lockup - CPU#0 stuck for 26s! [a:70]'
const base: SceneRecipe = {
  log: [LOCKED, 'Kernel panic - not syncing: softlockup: hung tasks'],
  types: 'typedef struct { u32 val; } spinlock_t;',
  functions: {
    ...{ _raw_spin_lock: 0x80, _raw_spin_unlock: 0x80, queued_spin_lock_slowpath: 0x80 },
    ...{ port_off: 0x80, link_off: 0x80, count: 0x80 },
  },
  variables: {
    port_lock: ['spinlock_t', { val: 1 }],
    link_lock: ['spinlock_t', { val: 1 }],
  },
  panicCpu: 0,
}
const standing = (name: string): { readonly name: string; readonly offset: number } => ({
  name,
  offset: SECOND_CALL,
})
const ordered = (link: readonly [string, string]): SceneRecipe => ({
  ...base,
  tasks: {
    a: { pid: 70, cpu: 0, frames: [...SPIN, standing('port_off'), 'x'] },
    b: { pid: 71, cpu: 1, frames: [...SPIN, standing('link_off'), 'x'] },
  },
  more: (kernel) => {
    writeFunction(kernel, 'port_off', ['port_lock', 'link_lock'])
    writeFunction(kernel, 'link_off', link)
  },
})

test('two CPUs that hold what the other wants are a deadlock, and explain the lockup', () => {
  const { verdict, findings } = diagnose(sceneOf(ordered(['link_lock', 'port_lock'])))
  assert.equal(
    verdict?.title,
    'deadlock of spinlocks: CPU 0 spins for link_lock in port_off(); CPU 1 spins for port_lock in link_off(); each holds what the other wants',
  )
  assert.deepEqual(
    [verdict.kind, verdict.confidence, verdict.culprit?.function],
    ['deadlock', 'likely', 'link_off'],
  )
  assert.deepEqual(
    findings.filter(({ role }) => role === 'cause').map(({ kind }) => kind),
    ['deadlock', 'soft-lockup'],
  )
})

test('two CPUs that take locks in one order are none: the lockup names who holds the lock', () => {
  const scene = sceneOf({
    ...ordered(['port_lock', 'link_lock']),
    tasks: {
      a: { pid: 70, cpu: 0, frames: [...SPIN, standing('port_off'), 'x'] },
      b: { pid: 71, cpu: 1, frames: ['poll_device', standing('count'), 'x'] },
    },
    more: (kernel) => {
      writeFunction(kernel, 'port_off', ['port_lock', 'link_lock'])
      writeFunction(kernel, 'count', ['link_lock', 'port_lock'], 'link_off')
    },
  })
  assert.deepEqual([...spinDeadlock.find(scene)], [])
  const { verdict } = diagnose(scene)
  assert.match(
    verdict?.title ?? '',
    /spun for link_lock in port_off\(\), held by count\(\) on CPU 1$/,
  )
  assert.equal(verdict?.culprit?.function, 'count')
})

test('a CPU that takes a lock again which its caller holds', () => {
  const scene = sceneOf({
    ...base,
    tasks: {
      a: { pid: 70, cpu: 0, frames: [...SPIN, standing('port_off'), standing('count'), 'x'] },
    },
    more: (kernel) => {
      writeFunction(kernel, 'port_off', ['port_lock', 'link_lock'])
      writeFunction(kernel, 'count', ['link_lock', 'port_lock'], 'port_off')
    },
  })
  const { verdict } = diagnose(scene)
  assert.equal(
    verdict?.title,
    'CPU 0 spins for a lock it holds: link_lock, taken in count() and again in port_off()',
  )
  assert.equal(verdict.culprit?.function, 'port_off')
})

test('a lock that is free is not waited for, and without a hang nothing is said', () => {
  const free = {
    port_lock: ['spinlock_t', { val: 0 }],
    link_lock: ['spinlock_t', { val: 0 }],
  } as const
  const recipe = ordered(['link_lock', 'port_lock'])
  assert.deepEqual([...spinDeadlock.find(sceneOf({ ...recipe, variables: free }))], [])
  const deliberate = { ...recipe, log: ['Kernel panic - not syncing: sysrq triggered crash'] }
  assert.deepEqual([...spinDeadlock.find(sceneOf(deliberate))], [])
})
