// The recorder on a machine made of a temporary folder and a clock that only sleep() moves.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { Decrypter, generateIdentity, identityToRecipient } from 'age-encryption'
import { HostError } from '../../core/base/errors.ts'
import { flattenedSource } from '../../core/io/flattened_source.ts'
import { memorySource } from '../../core/io/memory_source.ts'
import type { DumpOutput } from '../platform/dump_output.ts'
import type { FilesystemPlace } from '../target/place.ts'
import { CRUMB_FILE_SIZE, encodeCrumbFile, parseCrumbFile } from './breadcrumb_layout.ts'
import { NO_HOOKS, type CaptureConfig, type CaptureHooks } from './capture_config.ts'
import type { CaptureMachine } from './machine.ts'
import type { CaptureManifest } from './capture_manifest.ts'
import { formatStamp, runCapture, type CaptureWork } from './supervisor.ts'

const TARGET: FilesystemPlace = {
  kind: 'filesystem',
  fstype: 'ext4',
  uuid: '1-2',
  node: '/dev/vda',
  options: '',
  directory: '/var/crash',
}
const CONFIG: CaptureConfig = {
  version: 2,
  targets: [TARGET],
  hooks: NO_HOOKS,
  failureAction: 'halt',
  finalAction: 'reboot',
  codec: 'zstd',
  dumpLevels: [31],
  pageOrder: 'priority',
  deviceTimeoutMs: 2000,
  hookTimeoutMs: 1000,
  stallTimeoutMs: 1000,
  overallTimeoutMs: 10_000,
  timeZone: 'UTC',
  release: '6.1.0-test',
}
const DATE = new Date(2026, 10, 22, 9, 5, 3)
const CRASH_DIR = '127.0.0.1-2026-11-22-09:05:03'

let root = ''
let events: string[] = []
beforeEach(() => {
  root = mkdtempSync(path.join(os.tmpdir(), 'kbox-supervisor-'))
  events = []
})
afterEach(() => rmSync(root, { recursive: true }))

function machine(changes: Partial<CaptureMachine> = {}): CaptureMachine {
  let clock = 0
  let memory = 80 << 20
  return {
    vmcore: path.join(root, 'vmcore.elf'),
    mountpoint: root,
    now: () => clock,
    date: () => DATE,
    say: () => {},
    sleep: async (milliseconds) => void (clock += milliseconds),
    findDevice: ({ node }) => node,
    findDisk: ({ node }) => node,
    mount: (node, fstype) => void events.push(`mount ${node} ${fstype}`),
    unmount: () => void events.push('unmount'),
    sync: () => void events.push('sync'),
    memAvailable: () => (memory -= 1 << 20),
    kernelLog: () => 'capture kernel log\n',
    heartbeat: () => {},
    setRecorded: () => {},
    runProgram: async (file, args) => {
      events.push([file, ...args].join(' '))
      return { how: 'exit', code: file.includes('bad') ? 3 : 0 }
    },
    keepRunning: (file, args) => void events.push(`keep ${[file, ...args].join(' ')}`),
    bringUpNetwork: async () => void events.push('network'),
    shell: async () => void events.push('shell'),
    leave: (action) => void events.push(action),
    ...changes,
  }
}

async function write(open: () => Promise<DumpOutput>, text: string): Promise<void> {
  const output = await open()
  output.write(0, Buffer.from(text))
  await output.close()
}

const WORK: CaptureWork = {
  *readDmesg() {
    yield 'panic line 1\n'
    yield 'panic line 2\n'
  },
  async dump(_vmcore, open, _config, run) {
    run.onProgress({ fraction: 0.5, writtenBytes: 2 })
    await write(open, 'DUMP')
    return { problem: '', isEmpty: false, pages: 7 }
  },
}

const crashFile = (name: string): string => path.join(root, 'var/crash', CRASH_DIR, name)
const manifest = (): CaptureManifest =>
  JSON.parse(readFileSync(crashFile('kbox.json'), 'utf8')) as CaptureManifest

test('a good capture leaves dump, both logs and the manifest, and reboots', async () => {
  assert.equal(await runCapture(CONFIG, machine(), WORK), true)
  assert.deepEqual(events, ['mount /dev/vda ext4', 'sync', 'unmount', 'reboot'])
  const names = readdirSync(path.join(root, 'var/crash', CRASH_DIR)).toSorted()
  assert.deepEqual(names, ['kbox.json', 'kexec-dmesg.log', 'vmcore', 'vmcore-dmesg.txt'])
  assert.equal(readFileSync(crashFile('vmcore-dmesg.txt'), 'utf8'), 'panic line 1\npanic line 2\n')
  assert.equal(statSync(crashFile('vmcore-dmesg.txt')).mode & 0o777, 0o600)
  const { complete, steps, files, dump, memAvailableMinBytes } = manifest()
  assert.equal(complete, true)
  assert.deepEqual(
    steps.map(({ name }) => name),
    ['device', 'mount', 'directory', 'dmesg', 'reserve', 'dump', 'kexec-dmesg'],
  )
  const sha256 = createHash('sha256').update('DUMP').digest('hex')
  assert.deepEqual(files['vmcore'], { sizeBytes: 4, sha256 })
  assert.deepEqual(dump, { problem: '', isEmpty: false, pages: 7 })
  assert.ok(memAvailableMinBytes > 0 && memAvailableMinBytes < 80 << 20)
})

test('a provoked crash is known by its id in the manifest', async () => {
  await runCapture({ ...CONFIG, testId: '1-2' }, machine(), WORK)
  assert.equal(manifest().testId, '1-2')
})

test('a crash that nobody provoked has no id', async () => {
  await runCapture(CONFIG, machine(), WORK)
  assert.equal('testId' in manifest(), false)
})

test('the log is on the disk before the dump begins', async () => {
  let seen = ''
  const work: CaptureWork = {
    ...WORK,
    async dump(_vmcore, open) {
      seen = readFileSync(crashFile('vmcore-dmesg.txt'), 'utf8')
      await write(open, 'DUMP')
      return { problem: '', isEmpty: false }
    },
  }
  await runCapture(CONFIG, machine(), work)
  assert.match(seen, /panic line 2/)
})

test('a full disk keeps log, part of the dump, manifest, and takes failure_action', async () => {
  const work: CaptureWork = {
    ...WORK,
    async dump(_vmcore, open) {
      await write(open, 'DU')
      return { problem: 'vmcore-incomplete: cannot write: ENOSPC', isEmpty: false }
    },
  }
  assert.equal(await runCapture(CONFIG, machine(), work), false)
  assert.equal(events.at(-1), 'halt')
  assert.equal(readFileSync(crashFile('vmcore-incomplete'), 'utf8'), 'DU')
  assert.equal(existsSync(crashFile('vmcore')), false)
  assert.equal(existsSync(crashFile('vmcore-dmesg.txt')), true)
  assert.equal(existsSync(crashFile('.kbox-reserve')), false)
  assert.equal(manifest().complete, false)
  assert.match(manifest().steps.find(({ name }) => name === 'dump')?.error ?? '', /ENOSPC/)
})

test('a log that cannot be read does not cost the dump', async () => {
  const work: CaptureWork = {
    ...WORK,
    readDmesg: () => {
      throw new HostError('no VMCOREINFO')
    },
  }
  assert.equal(await runCapture(CONFIG, machine(), work), true)
  assert.equal(existsSync(crashFile('vmcore')), true)
})

test('a device that never comes ends at its deadline, and the machine is left', async () => {
  const host = machine({ findDevice: () => undefined })
  assert.equal(await runCapture(CONFIG, host, WORK), false)
  assert.ok(host.now() >= 2000 && host.now() < 3000)
  assert.deepEqual(events, ['halt'])
})

test('a device that comes late is waited for', async () => {
  let tries = 0
  const host = machine({ findDevice: ({ node }) => (tries++ < 5 ? undefined : node) })
  assert.equal(await runCapture(CONFIG, host, WORK), true)
})

test('a mount that fails shows the end of the log and takes failure_action', async () => {
  const mount = (): void => {
    throw new HostError('mount: EIO', 'EIO')
  }
  const said: string[] = []
  const host = machine({ mount, say: (text) => void said.push(text) })
  assert.equal(await runCapture(CONFIG, host, WORK), false)
  assert.ok(said.includes('mount failed: mount: EIO'))
  assert.ok(said.includes('| panic line 2'))
  assert.deepEqual(events, ['halt'])
})

test('a second target takes what the first cannot, and its manifest tells of both', async () => {
  const second: FilesystemPlace = { ...TARGET, uuid: '', node: '/dev/vdb', directory: '/second' }
  const host = machine({ findDevice: ({ node }) => (node === '/dev/vdb' ? node : undefined) })
  assert.equal(await runCapture({ ...CONFIG, targets: [TARGET, second] }, host, WORK), true)
  assert.equal(events.at(-1), 'reboot')
  const file = path.join(root, 'second', CRASH_DIR, 'kbox.json')
  const { target, steps } = JSON.parse(readFileSync(file, 'utf8')) as CaptureManifest
  assert.equal(target, 'ext4 /dev/vdb')
  assert.match(steps[0]?.error ?? '', /^no device with ext4 UUID=1-2/)
})

test('nobody is told that all is saved while only a part of it is', async () => {
  const second: FilesystemPlace = { ...TARGET, uuid: '', node: '/dev/vdb', directory: '/second' }
  let dumps = 0
  const work: CaptureWork = {
    ...WORK,
    async dump(_vmcore, open) {
      events.push(`dump ${++dumps}`)
      await write(open, 'DU')
      return { problem: dumps === 1 ? 'ENOSPC' : '', isEmpty: false }
    },
  }
  const host = machine({ setRecorded: () => void events.push('recorded') })
  assert.equal(await runCapture({ ...CONFIG, targets: [TARGET, second] }, host, work), true)
  const order = events.filter((event) => /^(?:dump|recorded|reboot)/.test(event))
  assert.deepEqual(order, ['dump 1', 'dump 2', 'recorded', 'reboot'])
})

test('failure_action shell gives the console away, then takes final_action', async () => {
  await runCapture(
    { ...CONFIG, failureAction: 'shell' },
    machine({ findDevice: () => undefined }),
    WORK,
  )
  assert.deepEqual(events, ['shell', 'reboot'])
})

test('failure_action dump_to_rootfs records to the root file system', async () => {
  const rootfs: FilesystemPlace = {
    ...TARGET,
    uuid: '',
    node: '/dev/vdb',
    directory: '/root/crash',
  }
  const host = machine({ findDevice: ({ node }) => (node === '/dev/vdb' ? node : undefined) })
  assert.equal(
    await runCapture({ ...CONFIG, failureAction: 'dump_to_rootfs', rootfs }, host, WORK),
    true,
  )
  assert.equal(existsSync(path.join(root, 'root/crash', CRASH_DIR, 'vmcore')), true)
  assert.equal(events.at(-1), 'reboot')
})

/** kdump_KIND itself, then a program of KIND.d; or the other way round, as kdump.sh has it. */
const HOOKS: CaptureHooks = {
  pre: [
    { file: 'hooks/pre', isDecisive: true },
    { file: 'hooks/bad-pre.d', isDecisive: false },
    { file: 'hooks/pre.d', isDecisive: false },
  ],
  post: [{ file: 'hooks/post', isDecisive: false }],
  emergency: [{ file: 'hooks/emergency', isDecisive: false }],
}

test('hooks run in order, post while the target is mounted, and those of pre.d may fail', async () => {
  assert.equal(await runCapture({ ...CONFIG, hooks: HOOKS }, machine(), WORK), true)
  assert.deepEqual(events, [
    ...['/hooks/pre', '/hooks/bad-pre.d', '/hooks/pre.d', 'mount /dev/vda ext4', '/hooks/post 0'],
    ...['sync', 'unmount', 'reboot'],
  ])
  const failed = manifest().steps.filter(({ ok }) => !ok)
  assert.deepEqual(
    failed.map(({ name, error }) => [name, error]),
    [['hook hooks/bad-pre.d', 'hooks/bad-pre.d ended with code 3']],
  )
})

test('kdump_pre that fails forbids the dump and takes failure_action, not final_action', async () => {
  const hooks = { ...HOOKS, pre: [{ file: 'bad', isDecisive: true }, ...HOOKS.pre] }
  assert.equal(await runCapture({ ...CONFIG, hooks }, machine(), WORK), false)
  assert.deepEqual(events, ['/bad', '/hooks/post 1', '/hooks/emergency', 'halt'])
})

test('hooks of a failed capture run once, though the root file system takes the dump at last', async () => {
  const rootfs = { ...TARGET, uuid: '', node: '/dev/vdb' }
  const host = machine({ findDevice: ({ node }) => (node === '/dev/vdb' ? node : undefined) })
  const hooks = { ...HOOKS, pre: [] }
  await runCapture({ ...CONFIG, hooks, failureAction: 'dump_to_rootfs', rootfs }, host, WORK)
  assert.deepEqual(events, [
    ...['/hooks/post 1', '/hooks/emergency', 'mount /dev/vdb ext4', 'sync', 'unmount', 'reboot'],
  ])
})

test('the cluster is told before anything else', async () => {
  const fence = { file: 'usr/fence_kdump_send', args: ['-c', '0', 'node2'] }
  await runCapture({ ...CONFIG, fence, hooks: HOOKS }, machine(), WORK)
  assert.equal(events[0], 'keep /usr/fence_kdump_send -c 0 node2')
})

test('where the way to the cluster is known, the network is set up for it, whatever the target', async () => {
  const fence = { file: 'usr/fence_kdump_send', args: ['192.0.2.7'] }
  const network = { hostname: 'web7', cards: [], nameservers: [], timeoutMs: 1000 }
  await runCapture({ ...CONFIG, fence, network }, machine(), WORK)
  assert.equal(events[0], 'network')
  assert.ok(events.includes('keep /usr/fence_kdump_send 192.0.2.7'))
})

test('a capture that fails leaves its steps and the log in the breadcrumbs', async () => {
  const nonce = '0123456789abcdef0123456789abcdef'
  const header = { version: 1, state: 'armed', release: '6', changedAt: '', bootId: '' } as const
  const disk = path.join(root, 'disk')
  writeFileSync(disk, encodeCrumbFile(nonce, header))
  const extents = [{ offsetBytes: 0, sizeBytes: CRUMB_FILE_SIZE }]
  const breadcrumb = { uuid: '', node: disk, extents, nonce }
  const host = machine({ findDevice: ({ node }) => (node === disk ? disk : undefined) })
  await runCapture({ ...CONFIG, breadcrumb }, host, WORK)
  const { crumbs, log } = parseCrumbFile('disk', readFileSync(disk))
  assert.deepEqual(
    crumbs.map((crumb) => ('step' in crumb ? `${crumb.crumb} ${crumb.step}` : crumb.crumb)),
    [
      ...['capture', 'target', 'begin device', 'end device'],
      ...['begin breadcrumbs', 'end breadcrumbs', 'leave'],
    ],
  )
  const device = crumbs.find((crumb) => crumb.crumb === 'end')
  assert.match(device?.error ?? '', /^no device with ext4 UUID=1-2 .* after 2 s$/)
  assert.equal(Buffer.from(log?.text ?? []).toString(), 'panic line 1\npanic line 2\n')
})

test('a clock that stands still does not overwrite an older dump', async () => {
  mkdirSync(path.join(root, 'var/crash', CRASH_DIR), { recursive: true })
  await runCapture(CONFIG, machine(), WORK)
  assert.equal(existsSync(path.join(root, 'var/crash', `${CRASH_DIR}.2`, 'vmcore')), true)
})

test('a mount that will not go away does not cost the reboot', async () => {
  const unmount = (): void => {
    throw new HostError('umount: EBUSY', 'EBUSY')
  }
  assert.equal(await runCapture(CONFIG, machine({ unmount }), WORK), true)
  assert.equal(events.at(-1), 'reboot')
})

test('stamps are local time, two digits each', () => {
  assert.equal(formatStamp(DATE), '2026-11-22-09:05:03')
})

const NFS = {
  kind: 'nfs',
  server: 'files',
  addresses: ['192.0.2.9'],
  export: '/export',
  options: '',
  directory: '/var/crash',
} as const
const NETWORK = { hostname: 'web7', cards: [], nameservers: [], timeoutMs: 1000 }

test('a network that does not come up is tried once, costs the targets behind it, and the next one takes the dump', async () => {
  const bringUpNetwork = async (): Promise<void> => {
    events.push('network')
    throw new HostError('no link on network card', 'ENETDOWN')
  }
  const config = { ...CONFIG, network: NETWORK, targets: [NFS, NFS, TARGET] }
  assert.equal(await runCapture(config, machine({ bringUpNetwork }), WORK), true)
  assert.deepEqual(events, ['network', 'mount /dev/vda ext4', 'sync', 'unmount', 'reboot'])
  const [first] = manifest().steps
  assert.deepEqual([first?.name, first?.error], ['network', 'no link on network card'])
})

test('a disk needs no network', async () => {
  await runCapture({ ...CONFIG, network: NETWORK }, machine(), WORK)
  assert.ok(!events.includes('network'))
})

test('a network that is up does not make a dead server answer', async () => {
  const config = { ...CONFIG, network: NETWORK, targets: [{ ...NFS, addresses: [] }] }
  assert.equal(await runCapture(config, machine(), WORK), false)
  assert.deepEqual(events, ['network', 'halt'])
})

test('with recipients nothing of the old kernel is on the target in plain, and its key opens all of it', async () => {
  const identity = await generateIdentity()
  const config = { ...CONFIG, encryptTo: [await identityToRecipient(identity)] }
  assert.equal(await runCapture(config, machine(), WORK), true)
  const directory = path.join(root, 'var/crash', CRASH_DIR)
  const names = readdirSync(directory).toSorted()
  assert.deepEqual(names, [
    ...['kbox.json', 'kexec-dmesg.log', 'vmcore-dmesg.txt.age', 'vmcore.flat.age'],
  ])
  for (const name of names)
    assert.doesNotMatch(readFileSync(crashFile(name), 'latin1'), /panic line|DUMP/, name)
  const { complete, files } = manifest()
  assert.equal(complete, true)
  const sha256 = createHash('sha256')
    .update(readFileSync(crashFile('vmcore.flat.age')))
    .digest('hex')
  assert.equal(files['vmcore.flat.age']?.sha256, sha256)
  assert.ok(files['vmcore-dmesg.txt.age'])
  const decrypter = new Decrypter()
  decrypter.addIdentity(identity)
  const log = await decrypter.decrypt(readFileSync(crashFile('vmcore-dmesg.txt.age')), 'text')
  assert.equal(log, 'panic line 1\npanic line 2\n')
  const stream = await decrypter.decrypt(readFileSync(crashFile('vmcore.flat.age')))
  using dump = flattenedSource(memorySource(stream))
  const bytes = Buffer.alloc(4)
  dump.read(0, bytes)
  assert.equal(bytes.toString(), 'DUMP')
})

test('with recipients no target that fails has the log shown or kept in plain', async () => {
  const said: string[] = []
  const config = {
    ...CONFIG,
    encryptTo: [await identityToRecipient(await generateIdentity())],
    breadcrumb: { uuid: '', node: '/nowhere', extents: [], nonce: '' },
  }
  const broken = machine({
    findDevice: () => undefined,
    say: (text) => void said.push(text),
  })
  assert.equal(await runCapture(config, broken, WORK), false)
  assert.doesNotMatch(said.join('\n'), /panic line/)
})

test('a key that is none costs the dump rather than the secret', async () => {
  const config = { ...CONFIG, encryptTo: ['age1nonsense'] }
  assert.equal(await runCapture(config, machine(), WORK), false)
  assert.deepEqual(readdirSync(path.join(root, 'var/crash', CRASH_DIR)).toSorted(), [
    ...['kbox.json', 'kexec-dmesg.log'],
  ])
})
