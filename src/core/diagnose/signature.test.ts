// Crashes that are one bug and have one signature, and crashes that are two.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sceneOf, type SceneRecipe } from '../../../test/support/scene.ts'
import type { CrashKind } from './crash_kind.ts'
import type { Diagnosis, RuledFinding } from './diagnose.ts'
import type { Culprit } from './rule.ts'
import type { Scene } from './scene.ts'
import { makeSignature, type Signature } from './signature.ts'

const culprit = (name: string | null, unit = ''): Culprit => ({
  ...{ function: name, module: '', taints: '', source: '', unit },
})

function diagnosis(kind: CrashKind, more: Partial<RuledFinding> = {}): Diagnosis {
  const finding: RuledFinding = {
    ...{ rule: 'x', kind, role: 'cause', title: '', confidence: 'certain', evidence: [] },
    ...{ refutedBy: [], culprit: null, next: [], explains: [] },
    ...more,
  }
  return { findings: [finding], verdict: finding, problems: [] }
}

const panicked = (frames: readonly string[], more: Partial<SceneRecipe> = {}): Scene =>
  sceneOf({ tasks: { sh: { pid: 9, cpu: 0, frames } }, panicCpu: 0, ...more })

const OF_FAULT = diagnosis('null-dereference', { fault: 0, culprit: culprit('hub_read') })
const sign = (...frames: readonly string[]): Signature => makeSignature(panicked(frames), OF_FAULT)

test('the algorithm is that of docs/signature.md: its example', () => {
  const signature = sign('hub_read!', 'hub_poll', 'vfs_read', 'ksys_read', 'do_syscall_64')
  assert.deepEqual(signature.frames, ['hub_read', 'hub_poll'])
  assert.equal(signature.strict, 'kbox1-1b643c6dadc210db8039944e9242b774')
  assert.equal(signature.loose, 'null-dereference in hub_read')
  assert.deepEqual(
    signature.dropped.map(({ frame, why }) => `${frame}: ${why}`),
    [
      'vfs_read: a way in that leads everywhere',
      'sys_read: a way in that leads everywhere',
      'do_syscall_64: calls what it is given',
    ],
  )
})

test('how it died, what helped and what the compiler made of names do not matter', () => {
  const plain = sign('hub_read!', 'hub_poll', 'hub_open')
  const dying = ['panic', 'oops_end', 'exc_page_fault', 'asm_exc_page_fault']
  assert.equal(sign(...dying, 'hub_read!', 'hub_poll', 'hub_open').strict, plain.strict)
  assert.equal(sign('hub_read.isra.0!', 'hub_poll.cold', 'hub_open').strict, plain.strict)
  assert.equal(sign('memcpy!', 'hub_read', 'hub_poll', 'hub_open').strict, plain.strict)
  assert.notEqual(sign('hub_read!', 'hub_write', 'hub_open').strict, plain.strict)
})

test('what an interrupt cut into has no part in it', () => {
  const irq = ['tick!', 'call_timer_fn', 'run_timer_softirq', 'handle_softirqs', 'irq_exit_rcu']
  const entry = [...irq, 'asm_sysvec_apic_timer_interrupt']
  const one = makeSignature(panicked([...entry, 'do_idle!', 'cpu_startup_entry']), OF_FAULT)
  const two = makeSignature(panicked([...entry, 'ext4_write!', 'vfs_write']), OF_FAULT)
  assert.equal(one.strict, two.strict)
  assert.ok(
    two.dropped.some(({ frame, why }) => frame === 'ext4_write' && why.startsWith('interrupted')),
  )
})

test('what is blamed comes first even if it has no frame', () => {
  const frames = ['panic', 'object_err', 'kfree', 'hub_close', 'vfs_release']
  const finding = diagnosis('refcount', { culprit: culprit('hub_release') })
  assert.deepEqual(makeSignature(panicked(frames), finding).frames, ['hub_release', 'hub_close'])
})

test('a cycle of tasks has no first: its stacks are put in order', () => {
  const of = (first: string, second: string): Signature => {
    const wait = ['schedule', 'mutex_lock']
    const scene = sceneOf({
      tasks: {
        one: { pid: 1, frames: [...wait, first, 'vfs_write'] },
        two: { pid: 2, frames: [...wait, second, 'vfs_write'] },
      },
    })
    const tasks = scene.tasks.map(({ address }) => address)
    return makeSignature(scene, diagnosis('deadlock', { tasks, culprit: culprit(first) }))
  }
  assert.deepEqual(of('a_to_b', 'b_to_a'), of('b_to_a', 'a_to_b'))
  assert.deepEqual(of('a_to_b', 'b_to_a').frames, ['a_to_b', '--', 'b_to_a'])
  assert.equal(of('a_to_b', 'b_to_a').loose, 'deadlock in a_to_b, b_to_a')
})

test('where a CPU that looped was looked at is chance', () => {
  const of = (...leaf: readonly string[]): Signature => {
    const watch = ['panic', 'watchdog_timer_fn', 'asm_sysvec_apic_timer_interrupt']
    const scene = panicked([
      ...watch,
      ...leaf,
      'ring_walk',
      'ring_open',
      'vfs_open',
      'do_syscall_64',
    ])
    return makeSignature(scene, diagnosis('soft-lockup', { culprit: culprit('ring_walk') }))
  }
  assert.deepEqual(of('ring_hash!', 'ring_step').frames, ['ring_open'])
  assert.equal(of('ring_hash!', 'ring_step').strict, of('ring_next!').strict)
})

test('recursion is one turn of its circle, however deep', () => {
  const turn = ['visit_node', 'visit_leaf']
  const of = (count: number, leaf: readonly string[]): Signature =>
    makeSignature(
      panicked([...leaf, ...Array.from({ length: count }, () => turn).flat(), 'vfs_write']),
      diagnosis('stack-overflow', { fault: 0, culprit: culprit('visit_node') }),
    )
  assert.deepEqual(of(9, ['vsnprintf!', 'snprintf']).frames, ['visit_leaf', 'visit_node'])
  assert.equal(of(9, ['vsnprintf!']).strict, of(20, ['hub_tail!', 'visit_leaf']).strict)
})

test('who dies by no code has no frames: the exit code, the bank, who had most memory', () => {
  const log = ['Kernel panic - not syncing: Attempted to kill init! exitcode=0x0000000b']
  const of = (kind: CrashKind, unit: string, lines: readonly string[] = []): string =>
    makeSignature(panicked(['panic', 'do_exit'], { log: lines }), {
      ...diagnosis(kind, { culprit: culprit(null, unit) }),
    }).loose
  assert.equal(of('init-died', 'PID 1 "init"', log), 'init-died 0x0000000b')
  assert.equal(of('machine-check', 'CPU 3, bank 4'), 'machine-check bank 4')
  assert.equal(of('out-of-memory', 'PID 812 "worker-17"'), 'out-of-memory worker')
  assert.equal(of('sysrq', 'PID 9 "sh"'), 'sysrq')
})

test('without a finding that is likely, the log and the stack have to do', () => {
  const log = ['Kernel panic - not syncing: hub: gave up']
  const scene = panicked(['panic', 'hub_probe', 'vfs_write'], { log })
  const none: Diagnosis = { findings: [], verdict: null, problems: [] }
  assert.equal(makeSignature(scene, none).loose, 'panic in hub_probe')
  const possible = diagnosis('bit-flip', { confidence: 'possible' })
  assert.equal(makeSignature(scene, possible).strict, makeSignature(scene, none).strict)
})

test('an empty dump has a signature too', () => {
  const none: Diagnosis = { findings: [], verdict: null, problems: [] }
  const signature = makeSignature(sceneOf(), none)
  assert.deepEqual([signature.loose, signature.frames], ['unknown', []])
})
