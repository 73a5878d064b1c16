// The command line, as QEMU would see it.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { machineArgv, type MachineSpec } from './machine_spec.ts'

const SPEC: MachineSpec = {
  accelerator: 'tcg',
  memoryBytes: 512 * 2 ** 20,
  cpus: 2,
  kernel: '/boot/vmlinuz',
  initrd: '/tmp/a, b/initrd',
  cmdline: 'console=ttyS0 crashkernel=1G-4G:192M,4G-:256M',
  disks: [{ file: '/tmp/a, b/root.img' }, { file: '/x.img', readOnly: true }],
}
const SOCKETS = { qmp: '/s/qmp', console: '/s/console', channel: '/s/channel' }
const argv = machineArgv(SPEC, SOCKETS)
const after = (option: string): string[] =>
  argv.flatMap((word, index) => (argv[index - 1] === option ? [word] : []))

test('kernel, initrd and command line are words of their own and stay as they are', () => {
  assert.deepEqual(after('-kernel'), ['/boot/vmlinuz'])
  assert.deepEqual(after('-initrd'), ['/tmp/a, b/initrd'])
  const kvm = machineArgv({ ...SPEC, accelerator: 'kvm' }, SOCKETS)
  assert.equal(kvm[kvm.indexOf('-append') + 1], SPEC.cmdline)
})

test('an emulated guest is told to do without vectors in OpenSSL', () => {
  assert.deepEqual(after('-append'), [`${SPEC.cmdline} OPENSSL_ia32cap=~0x1000020000000000:~0x20`])
})

test('a comma in a path is doubled where QEMU would split at it', () => {
  assert.match(after('-drive')[0] ?? '', /^file=\/tmp\/a,, b\/root\.img,if=none,/)
})

test('disks become virtio disks in their order', () => {
  assert.deepEqual(
    after('-drive').map((drive) => /read-only=(\w+)/.exec(drive)?.[1]),
    ['off', 'on'],
  )
  assert.deepEqual(after('-device'), ['virtio-blk-pci,drive=disk0', 'virtio-blk-pci,drive=disk1'])
})

test('a disk on another bus gets a controller of its own', () => {
  const disks = (['nvme', 'scsi', 'ahci', 'usb'] as const).map((bus) => ({ file: '/x.img', bus }))
  const words = machineArgv({ ...SPEC, disks }, SOCKETS)
  assert.deepEqual(
    words.flatMap((word, index) => (words[index - 1] === '-device' ? [word] : [])),
    [
      ...['nvme,serial=disk0,drive=disk0'],
      ...['virtio-scsi-pci,id=scsi-disk1', 'scsi-hd,bus=scsi-disk1.0,drive=disk1'],
      ...['ahci,id=ahci-disk2', 'ide-hd,bus=ahci-disk2.0,drive=disk2'],
      ...['qemu-xhci,id=usb-disk3', 'usb-storage,bus=usb-disk3.0,drive=disk3'],
    ],
  )
})

test("a machine has nothing of the user's: no default devices, no network, no configuration", () => {
  for (const option of ['-nodefaults', '-no-user-config', '-no-reboot'])
    assert.ok(argv.includes(option), option)
  assert.ok(!argv.some((word) => word.startsWith('-net') || word === '-nic'))
})

test('memory is in whole megabytes and each accelerator has its CPU', () => {
  assert.deepEqual(after('-m'), ['512M'])
  assert.deepEqual(after('-cpu'), ['max,la57=off'])
  const kvm = machineArgv({ ...SPEC, accelerator: 'kvm' }, SOCKETS)
  assert.equal(kvm[kvm.indexOf('-cpu') + 1], 'host')
})

test('emulated CPUs share a thread', () => {
  assert.deepEqual(after('-accel'), ['tcg,thread=single'])
})

test('memory lies in a file, and a scratch disk forgets, where that is asked for', () => {
  const [disk] = SPEC.disks
  assert.ok(disk)
  const spec = { ...SPEC, memoryFile: '/a, b/memory', disks: [{ ...disk, isScratch: true }] }
  const words = machineArgv(spec, SOCKETS)
  assert.equal(
    words[words.indexOf('-object') + 1],
    'memory-backend-file,id=memory,size=536870912,mem-path=/a,, b/memory,share=on',
  )
  assert.ok(words.includes('memory-backend=memory'))
  assert.match(words[words.indexOf('-drive') + 1] ?? '', /,snapshot=on$/)
  assert.ok(!argv.includes('-object') && !after('-drive').some((word) => word.includes('snapshot')))
})

test('a machine that goes on from a snapshot waits to be told from which', () => {
  const words = machineArgv({ ...SPEC, isIncoming: true }, SOCKETS)
  assert.equal(words[words.indexOf('-incoming') + 1], 'defer')
  assert.ok(!argv.includes('-incoming'))
})
