// The terms of an estimate, and the facts below a root they are made of: kernel header, cpio archive, LUKS2 header, sysfs.
import assert from 'node:assert/strict'
import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { type TestContext, test } from 'node:test'
import fc from 'fast-check'
import { writeTree } from '../../../../test/support/boot_trees.ts'
import { mkbzImage } from '../../../../test/support/mkpe.ts'
import { HostError } from '../../../core/base/errors.ts'
import { writeCpio } from '../initramfs/cpio.ts'
import { parseKdumpConf } from '../config/kdump_conf.ts'
import { DEFAULT_LOAD_SETTINGS } from '../config/load_settings.ts'
import { type EstimateSettings, readEstimateFacts } from './estimate_facts.ts'
import { type EstimateInputs, estimateReservation } from './estimate_terms.ts'
import { parseKernelSize } from './kernel_memory.ts'
import { luksMemory, parseKdfMemory } from './luks_memory.ts'

const MIB = 2 ** 20
const GIB = 2 ** 30

/** Debian's 6.1 cloud kernel with the image that kbox start builds for an ext4 disk. */
const CLOUD_6_1: EstimateInputs = {
  kernelBytes: 53_968_896,
  initramfsBytes: 35_200_000,
  unpackedBytes: 35_200_000,
  modulesBytes: 600_000,
  ramBytes: 512 * MIB,
  pageBytes: 4096,
  hasNetwork: false,
  isEncrypted: false,
  luksBytes: 0,
  cpus: 1,
}

function folderOf(context: TestContext): string {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'kbox-estimate-'))
  context.after(() => rmSync(folder, { recursive: true }))
  return folder
}

function settingsOf(text: string): EstimateSettings {
  const parsed = parseKdumpConf(text)
  assert.ok(parsed.ok)
  return { conf: parsed.conf, load: DEFAULT_LOAD_SETTINGS }
}

test('the estimate lies at what was measured, or a little above', () => {
  // kbox estimate --measure: 160M works with 6.1, 152M does not.
  const { bytes, terms } = estimateReservation(CLOUD_6_1)
  assert.ok(bytes >= 160 * MIB && bytes <= 172 * MIB, String(bytes / MIB))
  assert.deepEqual(
    terms.filter((term) => term.bytes > 30 * MIB).map(({ name }) => name),
    ['kernel', 'initramfs', 'initramfs as loaded', 'runtime'],
  )
})

test('each fact adds what it costs', () => {
  const base = estimateReservation(CLOUD_6_1).bytes
  const more = (change: Partial<EstimateInputs>): number =>
    Math.round((estimateReservation({ ...CLOUD_6_1, ...change }).bytes - base) / MIB)
  assert.equal(more({ hasNetwork: true }), 16)
  assert.equal(more({ isEncrypted: true }), 12)
  assert.equal(more({ luksBytes: GIB }), 1040)
  assert.equal(more({ cpus: 9 }), 16)
  assert.equal(more({ ramBytes: 128 * GIB }), 24)
  assert.equal(more({ ramBytes: 256 * GIB }), 16)
  assert.equal(more({ ramBytes: 1024 * GIB }), 0)
})

test('a large initramfs is felt while it is unpacked', () => {
  const { unpackBytes, captureBytes } = estimateReservation({
    ...CLOUD_6_1,
    initramfsBytes: 200 * MIB,
    unpackedBytes: 200 * MIB,
  })
  assert.ok(unpackBytes > captureBytes)
  assert.ok(
    estimateReservation(CLOUD_6_1).captureBytes > estimateReservation(CLOUD_6_1).unpackBytes,
  )
})

test('more of anything never needs less', () => {
  const size = fc.integer({ min: 0, max: 2 ** 31 })
  fc.assert(
    fc.property(size, size, size, size, (kernelBytes, initramfsBytes, luksBytes, extra) => {
      const inputs = { ...CLOUD_6_1, kernelBytes, initramfsBytes, luksBytes }
      const { bytes } = estimateReservation(inputs)
      for (const change of [
        { kernelBytes: kernelBytes + extra },
        { initramfsBytes: initramfsBytes + extra },
        { luksBytes: luksBytes + extra },
        { modulesBytes: CLOUD_6_1.modulesBytes + extra },
      ])
        assert.ok(estimateReservation({ ...inputs, ...change }).bytes >= bytes)
    }),
  )
})

test('the running kernel is measured by its parts', () => {
  const iomem = `01000000-02000fff : Kernel code
02200000-02a00fff : Kernel rodata
`
  assert.equal(parseKernelSize(iomem), 0x1001000 + 0x801000)
  assert.equal(parseKernelSize('00000000-00000000 : Kernel code\n'), 0)
})

function archive(context: TestContext): string {
  const file = path.join(folderOf(context), 'image')
  const fd = openSync(file, 'w')
  writeCpio(fd, [
    { kind: 'directory', path: 'bin', mode: 0o755 },
    { kind: 'device', path: 'dev/console', mode: 0o600, major: 5, minor: 1 },
    { kind: 'file', path: 'bin/busybox', mode: 0o755, content: Buffer.alloc(1001) },
    { kind: 'symlink', path: 'bin/sh', target: 'busybox' },
    {
      kind: 'file',
      path: 'lib/kbox/modules/virtio-blk.ko',
      mode: 0o600,
      content: Buffer.alloc(2 * MIB),
    },
  ])
  closeSync(fd)
  return file
}

/** A LUKS2 header whose keyslots cost so many KiB. */
function luks2(...memories: number[]): Buffer {
  const header = Buffer.alloc(16_384)
  header.write('LUKS\xba\xbe', 'latin1')
  header.writeUInt16BE(2, 6)
  header.writeBigUInt64BE(16_384n, 8)
  const keyslots = memories.map((memory, index) => [
    String(index),
    { type: 'luks2', kdf: { type: 'argon2id', time: 4, memory, cpus: 4 } },
  ])
  header.write(JSON.stringify({ keyslots: Object.fromEntries(keyslots) }), 4096)
  return header
}

test('the keyslot that costs most counts', () => {
  assert.equal(parseKdfMemory(luks2(65_536, 1_048_576)), GIB)
  assert.equal(parseKdfMemory(luks2()), 0)
  assert.equal(parseKdfMemory(luks2(2 ** 30)), 0)
  assert.equal(parseKdfMemory(Buffer.alloc(16_384)), 0)
  const broken = luks2(65_536)
  broken.write('{"keyslots": [', 4096)
  broken.fill(0, 4110)
  assert.equal(parseKdfMemory(broken), 0)
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 0, maxLength: 200 }),
      fc.integer({ min: 0, max: 16_000 }),
      (bytes, at) => {
        const header = luks2(65_536)
        header.set(bytes, Math.min(at, header.length - bytes.length))
        const memory = parseKdfMemory(header)
        assert.ok(memory >= 0 && memory <= 4 * GIB)
      },
    ),
  )
})

/** A machine whose /var is on a logical volume on an encrypted partition. */
function machine(context: TestContext): string {
  const root = folderOf(context)
  writeTree(root, {
    'proc/sys/kernel/arch': 'x86_64\n',
    'proc/sys/kernel/osrelease': '6.1.0-test\n',
    'proc/iomem': '00100000-bfffffff : System RAM\n',
    'proc/modules': 'virtio_blk 32768 3 - Live 0x0000000000000000\n',
    'proc/self/mountinfo':
      '22 1 253:1 / / rw - ext4 /dev/mapper/vg-root rw\n23 22 8:1 / /boot rw - ext4 /dev/sda1 rw\n',
    'etc/os-release': 'ID=rhel\nVERSION_ID=10.0\n',
    'sys/kernel/kexec_crash_loaded': '0\n',
    'sys/kernel/kexec_crash_size': `${256 * MIB}\n`,
    'sys/class/block/dm-1/slaves/dm-0/dev': '',
    'sys/class/block/dm-0/dm/uuid': 'CRYPT-LUKS2-0f0f-luks-0f0f\n',
    'sys/class/block/dm-0/slaves/sda2/dev': '',
    'dev/dm-1': '',
    'dev/sda1': '',
    'dev/mapper/vg-root': '->../dm-1',
  })
  mkdirSync(path.join(root, 'boot'))
  writeFileSync(path.join(root, 'boot/vmlinuz-6.1.0-test'), mkbzImage({ initSizeBytes: 48 * MIB }))
  writeFileSync(path.join(root, 'dev/sda2'), luks2(524_288))
  mkdirSync(path.join(root, 'var/lib/kdump'), { recursive: true })
  symlinkSync(archive(context), path.join(root, 'var/lib/kdump/initramfs-6.1.0-test' + 'kdump.img'))
  return root
}

test('the facts of a machine are read below its root', (context) => {
  const root = machine(context)
  const { inputs, reservedBytes, usualBytes, largeModules } = readEstimateFacts(
    root,
    settingsOf(''),
  )
  assert.equal(inputs.kernelBytes, 48 * MIB)
  assert.equal(inputs.modulesBytes, 32_768)
  assert.equal(inputs.luksBytes, (512 + 20) * MIB)
  assert.equal(inputs.unpackedBytes, 1001 + 2 * MIB)
  assert.deepEqual([reservedBytes, usualBytes], [256 * MIB, 256 * MIB])
  assert.deepEqual(largeModules, [])
})

test('a target beside the encrypted volume needs no key', (context) => {
  const root = machine(context)
  const { inputs } = readEstimateFacts(root, settingsOf('ext4 /dev/sda1\npath /\n'))
  assert.equal(inputs.luksBytes, 0)
  assert.equal(luksMemory(root, 'dm-1', 'aarch64'), (512 + 50) * MIB)
})

test('a stack that stands on itself ends', (context) => {
  const root = folderOf(context)
  writeTree(root, {
    'sys/class/block/dm-0/dm/uuid': 'CRYPT-LUKS2-x\n',
    'sys/class/block/dm-0/slaves/dm-0/dev': '',
  })
  assert.equal(luksMemory(root, 'dm-0', 'x86_64'), 0)
})

test('without kernel or initramfs the estimate says what to do', (context) => {
  const root = machine(context)
  rmSync(path.join(root, 'boot/vmlinuz-6.1.0-test'))
  assert.throws(
    () => readEstimateFacts(root, settingsOf('')),
    /no vmlinuz-6\.1\.0-test.*--kernel FILE/,
  )
  rmSync(path.join(root, 'var'), { recursive: true })
  const kernel = '/nowhere'
  assert.throws(() => readEstimateFacts(root, settingsOf(''), { kernel }), HostError)
})
