// What a machine panics for, from trees of facts: proc, the command line and sysctl.d as they are on real machines.
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after, test } from 'node:test'
import { HostError, UsageError } from '../../../core/base/errors.ts'
import {
  parsePolicyChange,
  type PolicyState,
  POLICY_FILE,
  readPolicy,
  recommendChanges,
  setPolicy,
} from './panic_policy.ts'
import { PANIC_SETTINGS } from './panic_settings.ts'

const folder = mkdtempSync(path.join(os.tmpdir(), 'kbox-policy-'))
after(() => rmSync(folder, { recursive: true }))
let count = 0

function machine(files: Readonly<Record<string, string>>): string {
  const root = path.join(folder, String(count++))
  for (const [name, text] of Object.entries(files)) {
    const file = path.join(root, name)
    mkdirSync(path.dirname(file), { recursive: true })
    writeFileSync(file, text)
  }
  return root
}

const kernel = (values: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(values).map(([name, value]) => [`proc/sys/kernel/${name}`, `${value}\n`]),
  )

function stateOf(root: string, name: string): PolicyState {
  const state = readPolicy(root).find(({ setting }) => setting.name === name)
  assert.ok(state)
  return state
}

const read = (root: string, name: string): string => readFileSync(path.join(root, name), 'utf8')

test('a setting this kernel lacks has no value and is no fault', () => {
  const { current, isGood } = stateOf(machine(kernel({ panic: '0' })), 'hardlockup_panic')
  assert.deepEqual([current, isGood], [undefined, true])
})

test('the current value is judged: sysrq needs the crash bit only, panic any time', () => {
  const judge = (name: string, value: string): boolean =>
    stateOf(machine(kernel({ [name]: value })), name).isGood
  assert.deepEqual([judge('panic_on_oops', '0'), judge('panic_on_oops', '1')], [false, true])
  // Debian's default, 438, lacks bit 8.
  assert.deepEqual(
    ['438', '446', '1', '0'].map((value) => judge('sysrq', value)),
    [false, true, true, false],
  )
  assert.deepEqual([judge('panic', '0'), judge('panic', '-1')], [false, true])
  assert.deepEqual([judge('panic_on_warn', '1'), judge('hung_task_panic', '1')], [false, true])
})

test('sysctl.d is read in the order of names; an earlier folder hides the same name', () => {
  const root = machine({
    ...kernel({ panic: '0' }),
    'usr/lib/sysctl.d/50-default.conf': 'kernel.panic = 1\n',
    'usr/lib/sysctl.d/99-z.conf': 'kernel.panic = 9\n',
    'etc/sysctl.d/99-z.conf': '# nothing\n',
    'run/sysctl.d/60-x.conf': '; comment\n-kernel/panic=6\n',
    'etc/sysctl.d/20-a.conf': 'kernel.panic=2',
    'etc/sysctl.d/README': 'kernel.panic = 77\n',
  })
  assert.deepEqual(stateOf(root, 'panic').persisted, {
    ...{ key: 'kernel.panic', value: '6', file: 'run/sysctl.d/60-x.conf', line: 2 },
  })
})

test('words of the command line are understood, each in its own way', () => {
  const onCmdline = (name: string, cmdline: string): unknown =>
    stateOf(machine({ 'proc/cmdline': `quiet ${cmdline} ro\n` }), name).cmdline?.value
  const cases: readonly (readonly [name: string, cmdline: string, value: string | undefined])[] = [
    ['panic_on_oops', 'oops=panic', '1'],
    ['softlockup_panic', 'softlockup_panic=0', '0'],
    ['hardlockup_panic', 'nmi_watchdog=panic,1', '1'],
    ['hardlockup_panic', 'nmi_watchdog=nopanic', '0'],
    ['hardlockup_panic', 'nmi_watchdog=1', undefined],
    ['unknown_nmi_panic', 'unknown_nmi_panic', '1'],
    ['panic_on_warn', 'panic_on_warn', '1'],
    ['sysrq', 'sysrq_always_enabled', '1'],
    ['panic', 'panic=5 panic=7', '7'],
    ['panic', 'sysctl.kernel.panic=3 panic=7', '3'],
    ['panic', 'panic_on_oops=1', undefined],
  ]
  for (const [name, cmdline, value] of cases) assert.equal(onCmdline(name, cmdline), value, cmdline)
})

test('a setting that is on but without its watchdog is said to do nothing', () => {
  const on = { hardlockup_panic: '1', watchdog_thresh: '10' }
  const without = machine(kernel({ ...on, nmi_watchdog: '0' }))
  assert.deepEqual(stateOf(without, 'hardlockup_panic').obstacles, ['kernel.nmi_watchdog is 0'])
  const whole = machine(kernel({ ...on, nmi_watchdog: '1' }))
  assert.deepEqual(stateOf(whole, 'hardlockup_panic').obstacles, [])
})

test('set writes the file and makes it true; what was set before stays', () => {
  const root = machine(kernel({ panic: '0', panic_on_oops: '0' }))
  setPolicy([parsePolicyChange('kernel.panic=10')], root)
  assert.deepEqual(setPolicy([parsePolicyChange('panic_on_oops=1')], root), [])
  assert.equal(read(root, 'proc/sys/kernel/panic_on_oops'), '1\n')
  assert.match(read(root, POLICY_FILE), /^# .*\nkernel\.panic = 10\nkernel\.panic_on_oops = 1\n$/)
  assert.equal(statSync(path.join(root, POLICY_FILE)).mode & 0o777, 0o644)
  assert.equal(stateOf(root, 'panic').persisted?.file, POLICY_FILE)
})

test('a later file that undoes the change is named', () => {
  const root = machine({ ...kernel({ panic: '0' }), 'etc/sysctl.conf': 'kernel.panic = 0\n' })
  const [line] = setPolicy([parsePolicyChange('panic=10')], root)
  assert.deepEqual([line?.file, line?.line, line?.value], ['etc/sysctl.conf', 1, '0'])
})

test('a name this kernel lacks is refused before anything is written', () => {
  const root = machine(kernel({ panic: '0' }))
  const changes = [parsePolicyChange('panic=10'), parsePolicyChange('hardlockup_panic=1')]
  assert.throws(() => setPolicy(changes, root), {
    ...{ name: HostError.name, message: /no kernel\.hardlockup_panic \(CONFIG_HARDLOCKUP/ },
  })
  assert.equal(read(root, 'proc/sys/kernel/panic'), '0\n')
  assert.throws(() => read(root, POLICY_FILE))
})

test('names and values are checked', () => {
  for (const text of ['panic_on_oop=1', 'panic_on_oops', 'panic_on_oops=2', 'panic=soon', 'x=1'])
    assert.throws(() => parsePolicyChange(text), UsageError, text)
  assert.throws(() => parsePolicyChange('panic_on_oop=1'), /did you mean 'panic_on_oops'/)
  assert.equal(parsePolicyChange('kernel/panic=-1').value, '-1')
})

test('what is recommended makes every setting a good one', () => {
  const root = machine(kernel(Object.fromEntries(PANIC_SETTINGS.map(({ name }) => [name, '0']))))
  setPolicy(recommendChanges(root), root)
  assert.deepEqual(
    readPolicy(root).filter(({ isGood }) => !isGood),
    [],
  )
  assert.equal(stateOf(root, 'hung_task_panic').current, '0')
  assert.ok(readPolicy(root).every(({ persisted }) => persisted !== undefined))
  assert.deepEqual(recommendChanges(root), [])
})
