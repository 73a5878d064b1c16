// Tables of distributions, arithmetic on them, and which table a machine's files point to. K1 and K3 are vectors of the notes.
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import { UsageError } from '../../../core/base/errors.ts'
import { crashkernelAdd, uniteCrashkernel } from './crashkernel_add.ts'
import { DEFAULT_TABLES, type HardwareFacts } from './default_tables.ts'
import { bytesFor, defaultCrashkernel, wholeGigabytes } from './default_value.ts'
import { findDistro, readCrashkernelFacts } from './machine_facts.ts'
import { parseIomem, ramSize } from './memory_map.ts'

const MIB = 2 ** 20
const GIB = 2 ** 30
const PLAIN: HardwareFacts = {
  arch: 'x86_64',
  has64kPages: false,
  isMemoryEncrypted: false,
  hasMlx5: false,
  hasSmmu: false,
}

test('K1: blocks of 1000 MB are gigabytes as kdump-utils counts them', () => {
  for (const [blocks, gigabytes] of [
    [1, 1],
    [3, 3],
    [6, 5],
  ] as const) {
    const lines = Array.from({ length: blocks }, (_, index) => {
      const start = index * 1000 * MIB
      return `${start.toString(16)}-${(start + 1000 * MIB - 1).toString(16)} : System RAM\n`
    })
    const map = parseIomem(lines.join(''))
    assert.ok(map)
    assert.equal(wholeGigabytes(ramSize(map)), gigabytes)
  }
})

test('K3: a delta goes to every size', () => {
  const cases = [
    ['2G-4G:256M,4G-64G:320M,64G-:576M', '100M', '2G-4G:356M,4G-64G:420M,64G-:676M'],
    ['2G-4G:256M', '100', '2G-4G:268435556'],
    ['2G-4G:256M,4G-64G:320M,64G-:576M@4G', '100M', '2G-4G:356M,4G-64G:420M,64G-:676M@4G'],
    ['2G-4G:1G,4G-64G:2G,64G-:3G@4G', '100M', '2G-4G:1124M,4G-64G:2148M,64G-:3172M@4G'],
    [
      '2G-4G:10000K,4G-64G:20000K,64G-:40000K@4G',
      '100M',
      '2G-4G:112400K,4G-64G:122400K,64G-:142400K@4G',
    ],
    ['1,high', '1', '2,high'],
    ['1K,low', '1', '1025,low'],
    ['128G-1T:4G', '0', '128G-1T:4G'],
    ['10T-100T:1T', '0', '10T-100T:1T'],
    ['128G-1P:4G', '0M', '128G-1P:4G'],
    ['128G-1E:4G', '0M', '128G-1E:4G'],
    ['1M@1G', '1k', '1025K@1G'],
    ['500M@1G', '-100m', '400M@1G'],
    ['1099511627776', '0', '1T'],
    ['2G-4G:256M.4G-64G:320M', '100M', undefined],
    ['foo', '1', undefined],
    ['1', 'bar', undefined],
    ['100M', '-200M', undefined],
  ] as const
  for (const [value, delta, expected] of cases)
    assert.equal(crashkernelAdd(value, delta), expected, `${value} + ${delta}`)
})

test('two tables unite to the larger size everywhere', () => {
  assert.equal(
    uniteCrashkernel('2G-64G:256M,64G-:512M', '512M-:192M'),
    '512M-2G:192M,2G-64G:256M,64G-:512M',
  )
  assert.equal(uniteCrashkernel('256M', '128M'), '256M')
  assert.equal(uniteCrashkernel('256M,high', '128M'), undefined)
  const start = fc.integer({ min: 0, max: 64 })
  const table = fc
    .uniqueArray(start, { minLength: 1, maxLength: 5 })
    .chain((starts) => {
      const sorted = starts.toSorted((a, b) => a - b)
      return fc.tuple(
        fc.constant(sorted),
        fc.array(fc.integer({ min: 1, max: 900 }), { minLength: 5, maxLength: 5 }),
        fc.boolean(),
      )
    })
    .map(([starts, sizes, isOpen]) =>
      starts
        .map((from, index) => {
          const next = starts[index + 1] ?? (isOpen ? undefined : from + 7)
          return `${from}G-${next === undefined ? '' : `${next}G`}:${sizes[index]}M`
        })
        .join(','),
    )
  fc.assert(
    fc.property(table, table, fc.integer({ min: 1, max: 90 }), (a, b, gigabytes) => {
      const united = uniteCrashkernel(a, b)
      assert.ok(united !== undefined)
      const at = (value: string): number => bytesFor(value, gigabytes * GIB, 'x86_64')
      assert.equal(at(united), Math.max(at(a), at(b)), united)
    }),
  )
})

test('every value of the tables is one that a kernel understands', () => {
  for (const { distro, rules } of DEFAULT_TABLES) {
    for (const variant of Object.keys(rules)) {
      const [arch = '', suffix = ''] = variant.split('+')
      const machine = { ...PLAIN, arch, has64kPages: suffix === '64k', ramBytes: 16 * GIB }
      const mode = suffix === 'fadump' ? 'fadump' : 'kdump'
      const { value, bytes } = defaultCrashkernel(distro, machine, mode)
      assert.ok(bytes >= 128 * MIB, `${distro} ${variant}: ${value}`)
    }
  }
})

test('defaults by distribution and RAM', () => {
  const cases = [
    ['rhel5', 1, '128M@16M', 128],
    ['rhel5', 64, '', 0],
    ['rhel6', 2048, '256M', 256],
    ['rhel7', 1, '', 0],
    ['rhel7', 4, '161M', 161],
    ['rhel7', 1024, '225M', 225],
    ['rhel8', 8, '1G-4G:160M,4G-64G:192M,64G-1T:256M,1T-:512M', 192],
    ['rhel9', 64, '1G-4G:192M,4G-64G:256M,64G-:512M', 512],
    ['rhel10', 1, '2G-64G:256M,64G-:512M', 0],
    ['debian', 2, '512M-:192M', 192],
    ['ubuntu', 16, '2G-4G:320M,4G-32G:512M,32G-64G:1024M,64G-128G:2048M,128G-:4096M', 512],
  ] as const
  for (const [distro, gigabytes, value, megabytes] of cases) {
    const found = defaultCrashkernel(distro, { ...PLAIN, ramBytes: gigabytes * GIB })
    assert.deepEqual([found.value, found.bytes / MIB], [value, megabytes], distro)
  }
})

test('hardware adds to the tables of kdump-utils, with its reason', () => {
  const sev = { ...PLAIN, isMemoryEncrypted: true, ramBytes: 8 * GIB }
  const found = defaultCrashkernel('rhel10', sev)
  assert.equal(found.value, '2G-64G:320M,64G-:576M')
  assert.deepEqual(
    found.deltas.map(({ name, megabytes }) => [name, megabytes]),
    [['sme', 64]],
  )
  assert.equal(defaultCrashkernel('debian', sev).value, '512M-:192M')
  const arm = { ...PLAIN, arch: 'aarch64', hasMlx5: true, hasSmmu: true, ramBytes: 8 * GIB }
  assert.equal(defaultCrashkernel('rhel10', arm).value, '2G-4G:406M,4G-64G:470M,64G-:726M')
  assert.equal(
    defaultCrashkernel('rhel10', { ...arm, has64kPages: true }).value,
    '2G-4G:940M,4G-64G:1004M,64G-:1260M',
  )
})

test('what is not in the tables is a usage error that names what is', () => {
  const machine = { ...PLAIN, ramBytes: GIB }
  assert.throws(() => defaultCrashkernel('rhel11', machine), /rhel11: must be one of .*rhel10/)
  assert.throws(() => defaultCrashkernel('rhel5', { ...machine, arch: 's390x' }), UsageError)
  assert.throws(() => defaultCrashkernel('rhel10', machine, 'fadump'), UsageError)
})

test('os-release names the distribution', () => {
  const cases = [
    ['ID="rhel"\nVERSION_ID="9.4"\n', 'rhel9'],
    ['ID="rocky"\nID_LIKE="rhel centos fedora"\nVERSION_ID="8.10"\n', 'rhel8'],
    ['ID="ol"\nID_LIKE="fedora"\nVERSION_ID="9.3"\n', 'rhel9'],
    ['ID="centos"\nVERSION_ID="10"\n', 'rhel10'],
    ['ID=fedora\nVERSION_ID=43\nVARIANT_ID=server\n', 'fedora'],
    ['ID=fedora\nVERSION_ID=43\nVARIANT_ID=coreos\n', 'coreos'],
    ['PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nID=debian\nVERSION_ID="12"\n', 'debian'],
    ['ID=ubuntu\nID_LIKE=debian\nVERSION_ID="24.04"\n', 'ubuntu'],
    ['ID=linuxmint\nID_LIKE="ubuntu debian"\n', 'ubuntu'],
    ['ID="opensuse-tumbleweed"\nID_LIKE="opensuse suse"\n', 'suse'],
    ['ID="sles"\nID_LIKE="suse"\n', 'suse'],
    ['ID=steamos\nID_LIKE=arch\n', 'steamos'],
    ['ID=nixos\n', 'kbox'],
    ['', 'kbox'],
  ] as const
  for (const [text, distro] of cases) assert.equal(findDistro(text), distro, text)
})

test('facts come from the tree below the root', (context) => {
  const root = mkdtempSync(path.join(os.tmpdir(), 'kbox-facts-'))
  context.after(() => rmSync(root, { recursive: true }))
  const files = {
    'proc/sys/kernel/arch': 'aarch64\n',
    'proc/sys/kernel/osrelease': '5.14.0-500.el9.aarch64+64k\n',
    'proc/cmdline': 'ro crashkernel=256M\n',
    'proc/meminfo': 'MemTotal:        3900000 kB\n',
    'etc/os-release': 'ID="rhel"\nVERSION_ID="9.6"\n',
    'sys/bus/pci/drivers/mlx5_core/bind': '',
    'sys/devices/platform/arm-smmu-v3.0.auto/uevent': '',
    'var/log/dmesg': '[    0.1] Memory Encryption Features active: AMD SEV\n',
  }
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(path.join(root, path.dirname(name)), { recursive: true })
    writeFileSync(path.join(root, name), text)
  }
  assert.deepEqual(readCrashkernelFacts(root), {
    arch: 'aarch64',
    release: '5.14.0-500.el9.aarch64+64k',
    cmdline: 'ro crashkernel=256M',
    map: undefined,
    ramBytes: 3840 * MIB + 128 * MIB,
    has64kPages: true,
    isMemoryEncrypted: true,
    hasMlx5: true,
    hasSmmu: true,
    distro: 'rhel9',
    isFadump: false,
  })
})
