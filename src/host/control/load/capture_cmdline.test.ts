// The capture command line, by table: running kernel's line, keys to remove, words to add, result.
// C-numbers are those of the project's list of cases taken from kdump-utils' own tests.
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { test } from 'node:test'
import {
  checkCmdlineLength,
  cmdlineRules,
  findBootCpuApicId,
  planCmdline,
  prepareCmdline,
  readMachine,
  splitCmdline,
  tailWords,
} from './capture_cmdline.ts'
import { ADDED, ALWAYS_REMOVED, CMDLINE_MAX, REMOVED, rowsFor } from './cmdline_tables.ts'
import { DEFAULT_LOAD_SETTINGS, type LoadSettings } from '../config/load_settings.ts'

const NO_WORDS = { image: '', asked: '' }
const TAIL = 'disable_cpu_apicid=1 foo.pretimeout=0 rd.systemd.gpt_auto=no'
const settings = (changes: Partial<LoadSettings> = {}): LoadSettings => ({
  ...DEFAULT_LOAD_SETTINGS,
  ...changes,
})

/** A tree of facts that is removed when the test has run with it. */
function withFacts<T>(facts: Readonly<Record<string, string>>, run: (root: string) => T): T {
  const root = mkdtempSync(path.join(os.tmpdir(), 'kbox-cmdline-'))
  try {
    for (const [name, content] of Object.entries(facts)) {
      mkdirSync(path.dirname(path.join(root, name)), { recursive: true })
      writeFileSync(path.join(root, name), `${content}\n`)
    }
    return run(root)
  } finally {
    rmSync(root, { recursive: true })
  }
}

const C_ROWS: readonly (readonly [string, string, readonly string[], string, string])[] = [
  ['C1', 'a b c', [], '', 'a b c'],
  ['C2', 'a b c', ['b'], '', 'a c'],
  ['C3', 'a b=x c', ['b'], '', 'a c'],
  ['C4', 'a b="x y" c', ['b'], '', 'a c'],
  ['C5', 'a "b=x y" c', ['b'], '', 'a c'],
  ['C6', 'a b=x c', ['b=y'], '', 'a c'],
  ['C7', 'a b c', [], 'd', 'a b c d'],
  ['C8', 'a b c', [], 'd="x y"', 'a b c d="x y"'],
  ['C9', 'a b="x y" c', ['z'], '', 'a b="x y" c'],
  ['C10', 'a  b=   c', [], '', 'a c'],
  ['C11', 'a b c', ['a', 'c'], 'c=2', 'b c=2'],
]
for (const [id, running, remove, append, result] of C_ROWS) {
  test(`${id}: '${running}' without '${remove.join(' ')}' and with '${append}' is '${result}'`, () => {
    const { text } = prepareCmdline(running, {
      remove: remove.map((key) => ({ key, reason: 'test' })),
      add: [
        ...splitCmdline(append).map((word) => ({ word, reason: 'test' })),
        ...tailWords(1, ['foo']),
      ],
    })
    assert.equal(text, `${result} ${TAIL}`)
  })
}

test('C12: on Graviton irqpoll goes, wherever it came from, and the reason is given', () => {
  const facts = {
    'proc/sys/kernel/arch': 'aarch64',
    'proc/cmdline': 'ro irqpoll',
    'sys/class/dmi/id/sys_vendor': 'Amazon EC2',
  }
  withFacts(facts, (root) => {
    const { text, words, platform } = planCmdline(settings(), NO_WORDS, root)
    assert.equal(platform, 'AWS Graviton')
    assert.ok(!splitCmdline(text).includes('irqpoll'), text)
    const removed = words.filter(({ word }) => word === 'irqpoll')
    assert.deepEqual(
      removed.map(({ fate }) => fate),
      ['removed', 'removed'],
    )
    assert.match(removed[0]?.reason ?? '', /hangs at its serial console on Graviton/)
  })
  withFacts({ ...facts, 'sys/class/dmi/id/sys_vendor': 'Another' }, (root) =>
    assert.ok(splitCmdline(planCmdline(settings(), NO_WORDS, root).text).includes('irqpoll')),
  )
})

test('C13: what would reserve memory or wait for disks is always removed', () => {
  const running =
    'crashkernel=192M crashkernel=64M,low root=/dev/vda1 rd.lvm.lv=a rd.luks.uuid=b netroot=c panic_on_warn=1 ro'
  // Even where KDUMP_COMMANDLINE_REMOVE names none of it.
  const rules = cmdlineRules('x86_64', settings({ remove: [], append: '' }))
  const { text, words } = prepareCmdline(running, rules)
  assert.equal(text, 'ro rootfstype=ramfs')
  assert.ok(words.every(({ reason }) => reason !== ''))
  assert.deepEqual(
    ALWAYS_REMOVED.map(({ key }) => key),
    [
      ...['crashkernel', 'panic_on_warn', 'root', 'rd.lvm.lv', 'rd.luks.uuid', 'rd.dm.uuid'],
      ...['rd.md.uuid', 'fcoe', 'netroot', 'rd.iscsi.initiator', 'iscsi_initiator'],
    ],
  )
})

test('C14: a line that the kernel would refuse is refused first, with both sizes', () => {
  // bzImage64_load(): cmdline_len, which counts the NUL, and 30 bytes for elfcorehdr= must not exceed cmdline_size.
  assert.doesNotThrow(() => checkCmdlineLength('x'.repeat(2016)))
  assert.throws(() => checkCmdlineLength('x'.repeat(2017)), /has 2017 bytes, 2016 fit/)
  assert.doesNotThrow(() => checkCmdlineLength('x'.repeat(4064), 4095))
})

test('the words of each architecture are those of its sysconfig file, in its order', () => {
  const words = (machine: keyof typeof CMDLINE_MAX): string =>
    rowsFor(ADDED, machine)
      .map(({ word }) => word)
      .join(' ')
  const common = 'novmcoredd hugetlb_cma=0 kfence.sample_interval=0 initramfs_options=size=90%'
  assert.equal(
    words('x86_64'),
    'irqpoll nr_cpus=1 reset_devices cgroup_disable=memory mce=off numa=off udev.children-max=2 panic=10 acpi_no_memhotplug ' +
      `transparent_hugepage=never nokaslr hest_disable cma=0 pcie_ports=compat ${common}`,
  )
  assert.equal(
    words('aarch64'),
    `irqpoll nr_cpus=1 reset_devices cgroup_disable=memory udev.children-max=2 panic=10 swiotlb=noforce cma=0 ${common}`,
  )
  assert.equal(
    words('i686'),
    `irqpoll nr_cpus=1 reset_devices numa=off udev.children-max=2 panic=10 transparent_hugepage=never cma=0 ${common}`,
  )
  assert.equal(
    words('ppc64le'),
    'irqpoll nr_cpus=16 noirqdistrib reset_devices cgroup_disable=memory numa=off udev.children-max=2 ehea.use_mcs=0 panic=10 ' +
      `kvm_cma_resv_ratio=0 transparent_hugepage=never ${common}`,
  )
  assert.equal(
    words('s390x'),
    `nr_cpus=1 cgroup_disable=memory numa=off udev.children-max=2 panic=10 transparent_hugepage=never vmcp_cma=0 cma=0 ${common}`,
  )
})

test('the keys that go are those of each sysconfig file', () => {
  const keys = (machine: keyof typeof CMDLINE_MAX): string =>
    rowsFor(REMOVED, machine)
      .map(({ key }) => key)
      .join(' ')
  const common =
    'hugepages hugepagesz slub_debug quiet log_buf_len swiotlb hugetlb_cma ignition.firstboot'
  assert.equal(keys('x86_64'), `${common} cma`)
  assert.equal(keys('ppc64le'), common)
  assert.equal(keys('s390x'), `${common} cma vmcp_cma prot_virt zfcp.allow_lun_scan`)
})

test('x86 gets one CPU, no randomised addresses and our root; what /init must not see is gone', () => {
  const running =
    'BOOT_IMAGE=/vmlinuz root=/dev/vda1 ro quiet hugepages=512 rdinit=/x mem=4G console=ttyS0 crashkernel=256M'
  const words = splitCmdline(prepareCmdline(running, cmdlineRules('x86_64', settings())).text)
  assert.deepEqual(words.slice(0, 2), ['ro', 'console=ttyS0'])
  for (const word of ['nr_cpus=1', 'reset_devices', 'nokaslr', 'rootfstype=ramfs', 'novmcoredd'])
    assert.ok(words.includes(word), word)
})

test('KDUMP_COMMANDLINE_REMOVE and _APPEND replace the tables, but not what the image needs', () => {
  const rules = cmdlineRules('x86_64', settings({ remove: ['noise'], append: 'nr_cpus=4 own' }))
  const { text } = prepareCmdline('noise=1 quiet init=/x', rules)
  assert.equal(text, 'quiet nr_cpus=4 own rootfstype=ramfs')
})

test('a configured number of CPUs replaces the one of the table; 0 is all', () => {
  const nrCpus = (cpus: number): string[] =>
    cmdlineRules('x86_64', settings({ cpus }))
      .add.map(({ word }) => word)
      .filter((word) => word.includes('cpus'))
  assert.deepEqual(nrCpus(8), ['nr_cpus=8'])
  assert.deepEqual(nrCpus(0), [])
})

test('words behind -- are arguments of init and go, so that what is added is not taken for some', () => {
  const { text } = prepareCmdline('ro -- single', { remove: [], add: [{ word: 'a', reason: '' }] })
  assert.equal(text, 'ro a')
})

test('a machine gives the line, the boot CPU and the watchdog drivers', () => {
  const facts = {
    'proc/cmdline': 'ro crashkernel=1G',
    'proc/sys/kernel/arch': 'x86_64',
    'proc/cpuinfo': 'processor\t: 0\ninitial apicid\t: 4\n',
    'sys/module/hpwdt/refcnt': '1',
    'sys/class/watchdog/watchdog0/device/driver/name': 'x',
  }
  withFacts(facts, (root) => {
    const link = path.join(root, 'sys/class/watchdog/watchdog0/device/driver/module')
    symlinkSync(path.join(root, 'sys/module/hpwdt'), link)
    const { text } = planCmdline(
      settings({ extra: 'from.file=1' }),
      { image: 'boot=kbox', asked: 'asked=1' },
      root,
    )
    assert.match(text, /^ro irqpoll /)
    assert.match(
      text,
      / rootfstype=ramfs from\.file=1 boot=kbox asked=1 disable_cpu_apicid=4 hpwdt\.pretimeout=0 hpwdt\.kdumptimeout=0 rd\.systemd\.gpt_auto=no$/,
    )
    const based = planCmdline(settings({ base: 'mine' }), NO_WORDS, root)
    assert.match(based.text, /^mine irqpoll /)
  })
})

test('the architecture is what the kernel says, else what Node runs on', () => {
  withFacts({ 'proc/sys/kernel/arch': 'i586' }, (root) => assert.equal(readMachine(root), 'i686'))
  withFacts({ 'proc/sys/kernel/arch': 's390x' }, (root) => assert.equal(readMachine(root), 's390x'))
  withFacts({}, (root) => assert.ok(readMachine(root) in CMDLINE_MAX))
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
