// A device made of a file: recorded to as the capture kernel does, then taken off it as the next boot does.
import assert from 'node:assert/strict'
import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import fc from 'fast-check'
import type { RawPlace } from './place.ts'
import { raw } from './raw.ts'
import { encodeRawIndex, parseRawIndex, rawAreaOffset } from './raw_layout.ts'
import type { OpenTarget, TargetHost } from './target.ts'

/** Not a multiple of blocks: disks are of any number of sectors. */
const SIZE = (16 << 20) + 512

let folder = ''
let device = ''
let place: RawPlace
beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'kbox-raw-'))
  device = path.join(folder, 'device')
  writeFileSync(device, '')
  truncateSync(device, SIZE)
  place = { kind: 'raw', node: device, partuuid: '', wwid: '', serial: '', sizeBytes: SIZE }
})
afterEach(() => rmSync(folder, { recursive: true }))

function host(changes: Partial<TargetHost> = {}): TargetHost {
  let clock = 0
  return {
    mountpoint: folder,
    now: () => clock,
    sleep: async (milliseconds) => void (clock += milliseconds),
    say: () => {},
    heartbeat: () => {},
    step: async (_name, work) => work(),
    findDevice: () => undefined,
    findDisk: ({ node }) => node,
    mount: () => assert.fail('mounted'),
    unmount: () => assert.fail('unmounted'),
    sync: () => {},
    ...changes,
  }
}

const open = (changes: Partial<TargetHost> = {}): Promise<OpenTarget> =>
  raw.open(place, host(changes), { openMs: 2000, endMs: 10_000 })

const index = () => {
  const disk = readFileSync(device)
  return parseRawIndex(device, disk.subarray(rawAreaOffset(SIZE)), SIZE)
}

test('the dump is a flattened stream at the start, log and manifest lie at the end', async () => {
  const target = await open()
  const directory = await target.makeDirectory('127.0.0.1-2026-11-22-09:05:03')
  await directory.writeFile('vmcore-dmesg.txt', ['line\n'])
  await directory.writeFile('kbox.json', ['{"old": 1}'])
  const output = await directory.openDump('vmcore.flat-incomplete')
  assert.equal(output.write(8, Buffer.from('DUMP')), 4)
  await output.sync()
  await output.close()
  await directory.rename('vmcore.flat-incomplete', 'vmcore.flat')
  await directory.writeFile('kbox.json', ['{"new": 2}'])
  assert.equal(await directory.sizeOf('vmcore.flat'), 4096 + 16 + 4 + 16)
  assert.equal(await directory.sizeOf('kbox.json'), 10)
  await target.close()
  const disk = readFileSync(device)
  assert.equal(disk.toString('latin1', 0, 12), 'makedumpfile')
  assert.equal(disk.length, SIZE)
  assert.deepEqual(
    index()?.files.map(({ name }) => name),
    ['vmcore-dmesg.txt', 'kbox.json'],
  )
  assert.equal(index()?.dumpName, 'vmcore.flat')
})

test('a dump that the device has no room for ends with ENOSPC, and what lies behind it is whole', async () => {
  const directory = await (await open()).makeDirectory('x')
  await directory.writeFile('vmcore-dmesg.txt', ['the log'])
  const output = await directory.openDump('vmcore.flat-incomplete')
  const page = new Uint8Array(1 << 20).fill(0x5a)
  let taken = 0
  for (let i = 0; i < 20 && !output.problem; i++) taken += output.write(i << 20, page)
  assert.equal(output.problem?.errno, 'ENOSPC')
  assert.ok(taken >= 11 << 20)
  await output.close()
  assert.equal(index()?.dumpName, 'vmcore.flat-incomplete')
  assert.equal(index()?.files[0]?.name, 'vmcore-dmesg.txt')
})

test('files never fill the area: those that come last have room too', async () => {
  const directory = await (await open()).makeDirectory('x')
  const noise = Array.from({ length: 64 }, () => {
    const bytes = new Uint8Array(131_072)
    for (let at = 0; at < bytes.length; at += 65_536)
      crypto.getRandomValues(bytes.subarray(at, at + 65_536))
    return bytes
  })
  for (const name of ['a', 'b', 'c']) await directory.writeFile(name, noise)
  const files = index()?.files ?? []
  assert.equal(files.length, 3)
  for (const { sizeBytes } of files) assert.ok(sizeBytes > 0)
})

test('a device that never comes is given up at its deadline', async () => {
  await assert.rejects(
    open({ findDisk: () => undefined }),
    /^HostError: no device is raw .* after 2 s$/,
  )
})

test('an index that points out of the area is damaged', () => {
  const files = [{ name: 'a', offsetBytes: 0, sizeBytes: 10, textBytes: 10 }]
  const block = encodeRawIndex({ directory: 'd', dumpName: '', dumpBytes: 0, files })
  assert.throws(() => parseRawIndex('dev', block, SIZE), /'a' does not lie in the area/)
  assert.equal(parseRawIndex('dev', new Uint8Array(4096), SIZE), undefined)
  assert.equal(readdirSync(folder).length, 1)
})

test('an index of noise is read or refused, and what is read lies in the area', () => {
  const files = [
    { name: 'a', offsetBytes: rawAreaOffset(SIZE) + 4096, sizeBytes: 10, textBytes: 10 },
  ]
  const whole = encodeRawIndex({ directory: 'd', dumpName: 'vmcore.flat', dumpBytes: 5, files })
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(200), fc.nat(255)), { maxLength: 4 }), (changes) => {
      const block = Uint8Array.from(whole)
      for (const [at, value] of changes) block[at] = value
      try {
        for (const file of parseRawIndex('dev', block, SIZE)?.files ?? [])
          assert.ok(file.offsetBytes >= rawAreaOffset(SIZE) && file.offsetBytes < SIZE)
      } catch (error) {
        assert.equal(error instanceof Error && error.name, 'FormatError')
      }
    }),
    { numRuns: 5000 },
  )
})
