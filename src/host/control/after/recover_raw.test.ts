// A device made of a file, recorded to by the target's own code.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import {
  existsSync,
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
import { isManifestIntact } from '../../capture/capture_manifest.ts'
import { raw } from '../../target/raw.ts'
import type { TargetHost } from '../../target/target.ts'
import { recoverDevice } from './recover_raw.ts'

const SIZE = 16 << 20
const NAME = '127.0.0.1-2026-11-22-09:05:03'

let folder = ''
let device = ''
let told: string[] = []
beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'kbox-recover-'))
  device = path.join(folder, 'device')
  told = []
  writeFileSync(device, '')
  truncateSync(device, SIZE)
})
afterEach(() => rmSync(folder, { recursive: true }))

const HOST: TargetHost = {
  mountpoint: '/nowhere',
  now: () => 0,
  sleep: async () => {},
  say: () => {},
  heartbeat: () => {},
  step: async (_name, work) => work(),
  findDevice: () => undefined,
  findDisk: ({ node }) => node,
  mount: () => assert.fail('mounted'),
  unmount: () => assert.fail('unmounted'),
  sync: () => {},
}

async function record(
  finalName: 'vmcore.flat' | 'vmcore.flat-incomplete',
  manifest?: string,
): Promise<void> {
  const place = {
    kind: 'raw',
    node: device,
    partuuid: '',
    wwid: '',
    serial: '',
    sizeBytes: SIZE,
  } as const
  const target = await raw.open(place, HOST, { openMs: 1, endMs: 2 })
  const directory = await target.makeDirectory(NAME)
  await directory.writeFile('vmcore-dmesg.txt', ['the log\n'])
  const output = await directory.openDump('vmcore.flat-incomplete')
  // Out of order, as the writers do.
  output.write(4, Buffer.from('PAGE'))
  output.write(0, Buffer.from('HEAD'))
  await output.sync()
  await output.close()
  await directory.rename('vmcore.flat-incomplete', finalName)
  if (manifest !== undefined) await directory.writeFile('kbox.json', [manifest])
  await target.close()
}

const recover = (): void => {
  recoverDevice(device, SIZE, path.join(folder, 'crash'), (text) => void told.push(text))
}
const at = (name: string): string => path.join(folder, 'crash', NAME, name)

test('the dump becomes a vmcore beside its log, and the device forgets both', async () => {
  await record('vmcore.flat')
  recover()
  assert.equal(readFileSync(at('vmcore'), 'utf8'), 'HEADPAGE')
  assert.equal(readFileSync(at('vmcore-dmesg.txt'), 'utf8'), 'the log\n')
  assert.deepEqual(told, [`Dump saved to ${path.dirname(at('vmcore'))}/vmcore`])
  rmSync(path.join(folder, 'crash'), { recursive: true })
  recover()
  assert.equal(existsSync(path.join(folder, 'crash')), false)
})

test('the manifest of a recovered dump has the sums of the files that came of it', async () => {
  await record(
    'vmcore.flat',
    JSON.stringify({ version: 2, complete: true, files: { 'vmcore.flat': { sizeBytes: 9 } } }),
  )
  recover()
  const text = readFileSync(at('kbox.json'), 'utf8')
  const { complete, files } = JSON.parse(text) as {
    complete: boolean
    files: Record<string, unknown>
  }
  assert.equal(complete, true)
  const sha256 = createHash('sha256').update('HEADPAGE').digest('hex')
  assert.deepEqual(files['vmcore'], { sizeBytes: 8, sha256 })
  assert.deepEqual(Object.keys(files), ['vmcore', 'vmcore-dmesg.txt'])
  assert.equal(isManifestIntact(text), true)
})

test('a dump that the capture did not finish is kept under its unfinished name', async () => {
  await record('vmcore.flat-incomplete')
  recover()
  assert.deepEqual(readdirSync(path.dirname(at(''))).length, 1)
  assert.equal(readFileSync(at('vmcore-incomplete'), 'utf8'), 'HEADPAGE')
  assert.match(told.join(), /is not complete \(the capture says so\)/)
})

test('a stream that is damaged yields what came before, and the log', async () => {
  await record('vmcore.flat')
  const disk = readFileSync(device)
  disk.fill(0xff, 4096 + 16 + 4, 4096 + 16 + 4 + 8)
  writeFileSync(device, disk)
  recover()
  assert.equal(readFileSync(at('vmcore-incomplete')).subarray(4).toString(), 'PAGE')
  assert.equal(existsSync(at('vmcore-dmesg.txt')), true)
  assert.match(told.join(), /is not complete/)
})

test('a device that nothing was recorded to is left alone', () => {
  writeFileSync(device, Buffer.alloc(SIZE, 0x11))
  recover()
  assert.deepEqual(told, [])
  assert.ok(readFileSync(device).equals(Buffer.alloc(SIZE, 0x11)))
})

test('a dump by makedumpfile itself, without our area, is taken too', async () => {
  await record('vmcore.flat')
  const disk = readFileSync(device)
  disk.fill(0, SIZE - (4 << 20))
  writeFileSync(device, disk)
  recover()
  const [name = ''] = readdirSync(path.join(folder, 'crash'))
  assert.equal(readFileSync(path.join(folder, 'crash', name, 'vmcore'), 'utf8'), 'HEADPAGE')
})
