// The capture command line, by table: running kernel's line, keys to remove, words to add, result.
// C-numbers are those of the project's list of cases taken from kdump-utils' own tests.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  checkCmdlineLength,
  defaultCmdlineRules,
  findBootCpuApicId,
  prepareCmdline,
  splitCmdline,
} from './capture_cmdline.ts'

const TAIL = 'disable_cpu_apicid=1 foo.pretimeout=0 rd.systemd.gpt_auto=no'

test('C1-C11: keys are removed with whatever value, words are added, quotes hold spaces', () => {
  const table: readonly (readonly [string, readonly string[], string, string])[] = [
    ['a b c', [], '', 'a b c'],
    ['a b c', ['b'], '', 'a c'],
    ['a b=x c', ['b'], '', 'a c'],
    ['a b="x y" c', ['b'], '', 'a c'],
    ['a "b=x y" c', ['b'], '', 'a c'],
    ['a b=x c', ['b=y'], '', 'a c'],
    ['a b c', [], 'd', 'a b c d'],
    ['a b c', [], 'd="x y"', 'a b c d="x y"'],
    ['a b="x y" c', ['z'], '', 'a b="x y" c'],
    ['a  b=   c', [], '', 'a c'],
    ['a b c', ['a', 'c'], 'c=2', 'b c=2'],
  ]
  for (const [running, remove, append, result] of table) {
    const got = prepareCmdline(running, {
      remove,
      append,
      bootCpuApicId: 1,
      watchdogDrivers: ['foo'],
    })
    assert.equal(got, `${result} ${TAIL}`, running)
  }
})

test('C13: what would reserve memory or wait for disks is always removed', () => {
  const running =
    'crashkernel=192M crashkernel=64M,low root=/dev/vda1 rd.lvm.lv=a rd.luks.uuid=b netroot=c panic_on_warn=1 ro'
  assert.equal(prepareCmdline(running, { remove: [], append: '' }), 'ro rd.systemd.gpt_auto=no')
})

test('x86 gets one CPU, no randomised addresses and our root; what /init must not see is gone', () => {
  const running =
    'BOOT_IMAGE=/vmlinuz root=/dev/vda1 ro quiet hugepages=512 rdinit=/x mem=4G console=ttyS0 crashkernel=256M'
  const words = splitCmdline(prepareCmdline(running, defaultCmdlineRules('x64')))
  assert.deepEqual(words.slice(0, 2), ['ro', 'console=ttyS0'])
  for (const word of [
    'nr_cpus=1',
    'irqpoll',
    'reset_devices',
    'nokaslr',
    'rootfstype=ramfs',
    'novmcoredd',
  ]) {
    assert.ok(words.includes(word), word)
  }
})

test('a watchdog of HP gets its second option too', () => {
  const got = prepareCmdline('', { remove: [], append: '', watchdogDrivers: ['hpwdt'] })
  assert.equal(got, 'hpwdt.pretimeout=0 hpwdt.kdumptimeout=0 rd.systemd.gpt_auto=no')
})

test('C14: a line that the kernel would cut is refused, with both sizes', () => {
  assert.doesNotThrow(() => checkCmdlineLength('x'.repeat(2017)))
  assert.throws(() => checkCmdlineLength('x'.repeat(2018)), /has 2018 bytes, 2017 fit/)
})

test('an unfinished quote takes the rest of the line, as in the kernel', () => {
  assert.deepEqual(splitCmdline('a b="x y'), ['a', 'b="x y'])
})

test('the boot CPU is the first of /proc/cpuinfo', () => {
  assert.equal(
    findBootCpuApicId(
      'processor\t: 0\ninitial apicid\t: 2\n\nprocessor\t: 1\ninitial apicid\t: 3\n',
    ),
    2,
  )
  assert.equal(findBootCpuApicId('processor\t: 0\nBogoMIPS\t: 50\n'), undefined)
})
