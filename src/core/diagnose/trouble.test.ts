// Logs of many releases, and logs in which several pieces of trouble lie behind or within each other.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { OOPS_TEXTS } from '../../../test/support/oops_texts.ts'
import { logLines, printedSymbol, readTroubles, type Trouble } from './trouble.ts'

function troublesOf(...texts: readonly string[]): Trouble[] {
  return readTroubles(lines(texts))
}

function lines(texts: readonly string[], callerId?: number) {
  return texts.map((text) => ({ text, tsNsec: 0n, level: 4, callerId }))
}

type Expected = readonly [
  name: keyof typeof OOPS_TEXTS,
  kind: Trouble['kind'],
  ip: string,
  task: string,
  trace: string,
]

const names = (trouble: Trouble): string =>
  trouble.trace
    .filter(({ isReliable }) => isReliable)
    .map(({ name }) => name)
    .slice(0, 3)
    .join(' ')

const EXPECTED: readonly Expected[] = [
  [
    ...(['page fault, 5.10', 'bad-address', 'event_log_append', '3 1234 cat'] as const),
    'trigger_vfreed sensorhub_write vfs_write',
  ],
  [
    ...(['null pointer, 6.1', 'null-dereference', 'channel_apply_config', '0 180 sh'] as const),
    'hub_configure trigger_null_argument vfs_write',
  ],
  [
    ...(['general protection, 6.12', 'general-protection', 'frame_complete', '1 234 sh'] as const),
    'trigger_use_after_free sensorhub_write',
  ],
  ['BUG, 6.1', 'bug', '__kmem_cache_free', '0 180 sh', 'profile_drop_curve'],
  [
    ...(['list corruption, 6.12', 'list-corruption'] as const),
    ...(['__list_del_entry_valid_or_report', '0 180 sh', 'session_unlink'] as const),
  ],
  ['refcount, 6.1', 'refcount', 'refcount_warn_saturate', '1 182 sh', 'session_abort'],
  ['warning, 6.18', 'warning', 'hub_check_limit', '1 77 kworker/1:2', 'hub_work process_one_work'],
  [
    ...(['null pointer, arm64', 'null-dereference', 'hub_apply', '2 501 insmod'] as const),
    'hub_apply hub_open do_one_initcall',
  ],
  [
    ...(['hung task, 6.12', 'hung-task', '', '- 77 kworker/u8:3'] as const),
    '__schedule schedule mutex_lock',
  ],
  ['soft lockup, 6.1', 'soft-lockup', 'ring_drain', '1 812 mod probe', 'trigger_soft_lockup'],
  ['sleep, 6.1', 'atomic-sleep', '', '- 182 sh', ''],
  [
    ...(['slab object, 5.10', 'slab-corruption', '', '0 183 sh'] as const),
    'dump_stack check_bytes_and_report.cold check_object',
  ],
  ['slab object, 6.12', 'slab-corruption', '', '- - -', ''],
  ['freed twice, 6.1', 'double-free', '', '- - -', 'dump_stack_lvl object_err kfree'],
  [
    ...(['KASAN, 6.6', 'use-after-free', '', '1 182 sh'] as const),
    'dump_stack_lvl print_report kasan_report',
  ],
  ['KFENCE, 6.1', 'memory-corruption', '', '1 234 sh', ''],
  [
    ...(['UBSAN, 6.12', 'warning', '', '1 77 sh'] as const),
    'dump_stack_lvl __ubsan_handle_out_of_bounds.cold frame_append',
  ],
  [
    ...(['stack guard page, 6.12', 'stack-overflow', 'vsnprintf', '1 237 sh'] as const),
    'snprintf filter_walk filter_walk',
  ],
  [
    ...(['spin lock, 5.10', 'lock-misuse', '', '1 812 insmod'] as const),
    'dump_stack do_raw_spin_lock hub_lock',
  ],
]

for (const [name, kind, ip, task, trace] of EXPECTED) {
  test(`${name} is read whole: kind, instruction, task and trace`, () => {
    const troubles = troublesOf(...OOPS_TEXTS[name])
    assert.equal(troubles.length, 1)
    const [trouble] = troubles as [Trouble]
    const { cpu = '-', pid = '-', comm = '-' } = trouble
    assert.deepEqual(
      [trouble.kind, trouble.ip?.name ?? '', `${cpu} ${pid} ${comm}`, names(trouble)],
      [kind, ip, task, trace],
    )
  })
}

test('every text is tried', () => {
  assert.deepEqual(Object.keys(OOPS_TEXTS).toSorted(), EXPECTED.map(([name]) => name).toSorted())
})

test('registers are those of the fault, not those of user mode behind the trace', () => {
  const [fault] = troublesOf(...OOPS_TEXTS['page fault, 5.10'])
  const register = (name: string): bigint | undefined => fault?.registers.get(name)
  assert.equal(register('ax'), 1n)
  assert.equal(register('bx'), 0xffff_9d2a_8123_4000n)
  assert.equal(register('sp'), 0xffff_b0d9_806d_7e80n)
  assert.equal(register('r13'), 8n)
  assert.equal(register('cr2'), 0xffff_c900_00a3_c000n)
  const [arm] = troublesOf(...OOPS_TEXTS['null pointer, arm64'])
  assert.equal(arm?.registers.get('x0'), 0xffff_0000_c2a8_1c00n)
  assert.equal(arm?.registers.get('sp'), 0xffff_8000_0a8b_bc10n)
})

test('the bad address and the error code are those of the first lines', () => {
  const of = (name: keyof typeof OOPS_TEXTS) => {
    const [trouble] = troublesOf(...OOPS_TEXTS[name])
    return [trouble?.address, trouble?.errorCode]
  }
  assert.deepEqual(of('page fault, 5.10'), [0xffff_c900_00a3_c000n, 2])
  assert.deepEqual(of('null pointer, 6.1'), [0x1cn, 0])
  assert.deepEqual(of('general protection, 6.12'), [0x6b6b_6b6b_6b6b_6b73n, undefined])
  assert.deepEqual(of('null pointer, arm64'), [0x18n, undefined])
})

test('an instruction of user mode is none of the kernel’s, a jump to nowhere is', () => {
  const [hung] = troublesOf(...OOPS_TEXTS['hung task, 6.12'], 'RIP: 0033:0x47b7a0')
  assert.deepEqual([hung?.ip, hung?.strayIp], [undefined, undefined])
  const [call] = troublesOf(
    'BUG: kernel NULL pointer dereference, address: 0000000000000000',
    'RIP: 0010:0x0',
    'RIP: 0033:0x47b7a0',
  )
  assert.deepEqual([call?.ip, call?.strayIp], [undefined, 0n])
})

test('a file and its line are no task', () => {
  const [bug] = troublesOf('kernel BUG at mm/slub.c:435!')
  assert.equal(bug?.pid, undefined)
})

test('trouble behind trouble is told apart, also without an end mark', () => {
  const first = OOPS_TEXTS['null pointer, 6.1']
  const second = OOPS_TEXTS['general protection, 6.12']
  const troubles = troublesOf(
    ...first,
    'a line between',
    ...second,
    'Kernel panic - not syncing: x',
  )
  assert.deepEqual(
    troubles.map(({ kind, start, end }) => [kind, start, end]),
    [
      ['null-dereference', 0, first.length + 1],
      ['general-protection', first.length + 1, first.length + 1 + second.length],
    ],
  )
})

test('lines of two CPUs that print at once are taken apart by who printed them', () => {
  const one = lines(OOPS_TEXTS['null pointer, 6.1'], 180)
  const other = lines(OOPS_TEXTS['soft lockup, 6.1'], 812)
  const mixed = one.flatMap((line, index) => [line, ...other.slice(index, index + 1)])
  const [first, second] = readTroubles(mixed)
  assert.equal(second?.ip?.name, 'ring_drain')
  assert.equal(first?.kind, 'null-dereference')
  assert.equal(first?.ip?.name, 'channel_apply_config')
  assert.equal(names(first), 'hub_configure trigger_null_argument vfs_write')
})

test('an address without a symbol does not end a trace', () => {
  const [trouble] = troublesOf(
    'WARNING: CPU: 0 PID: 1 at a.c:1 f+0x1/0x2',
    'Call Trace:',
    ' <TASK>',
    ' f+0x1/0x2',
    ' 0xffffffffc0401000',
    ' ? 0xffffffffc0402000',
    ' g+0x1/0x2',
    ' </TASK>',
  )
  assert.equal(names(trouble as Trouble), 'f g')
})

test('symbols are read as they are printed, doubts included', () => {
  assert.deepEqual(printedSymbol(' ? f.isra.0+0x1a/0x20 [dm_mod 5f2c]'), {
    ...{ name: 'f.isra.0', offset: 0x1a, module: 'dm_mod', isReliable: false },
  })
  assert.equal(printedSymbol('[<ffffffff81000000>] f+0x0/0x10')?.name, 'f')
  assert.equal(printedSymbol('0xffffffff81000000'), undefined)
})

test('a record of several lines is as many lines', () => {
  const record = { text: 'one\ntwo', tsNsec: 5n, level: 3, callerId: 7 }
  assert.deepEqual(
    logLines([record as never]).map(({ text, tsNsec }) => [text, tsNsec]),
    [
      ['one', 5n],
      ['two', 5n],
    ],
  )
})
