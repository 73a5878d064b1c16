// A device made of a file: a breadcrumb file in two pieces, with what is not its own around it.
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { BreadcrumbTrail } from './breadcrumb.ts'
import {
  CRUMB_FILE_SIZE,
  encodeCrumbFile,
  parseCrumbFile,
  type CrumbFile,
} from './breadcrumb_layout.ts'
import type { BreadcrumbPlace } from './capture_config.ts'

const NONCE = '0123456789abcdef0123456789abcdef'
/** The second piece lies before the first. */
const FIRST = { offsetBytes: 6 << 20, sizeBytes: 64 << 10 }
const SECOND = { offsetBytes: 1 << 20, sizeBytes: CRUMB_FILE_SIZE - FIRST.sizeBytes }
const PLACE: BreadcrumbPlace = {
  uuid: '1-2',
  node: '/dev/vda',
  extents: [FIRST, SECOND],
  nonce: NONCE,
}

let folder = ''
let device = ''
let said: string[] = []
beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'kbox-crumbs-'))
  device = path.join(folder, 'device')
  said = []
  const disk = Buffer.alloc(8 << 20, 0xaa)
  const file = encodeCrumbFile(NONCE, {
    version: 1,
    state: 'armed',
    release: '6.1.0-test',
    changedAt: '2026-11-22T09:00:00.000Z',
    bootId: 'boot-1',
  })
  disk.set(file.subarray(0, FIRST.sizeBytes), FIRST.offsetBytes)
  disk.set(file.subarray(FIRST.sizeBytes), SECOND.offsetBytes)
  writeFileSync(device, disk)
})
afterEach(() => rmSync(folder, { recursive: true }))

const trail = (
  place: BreadcrumbPlace | undefined = PLACE,
  node = () => device as string | undefined,
) => new BreadcrumbTrail(place, { findDevice: node, say: (text) => void said.push(text) })

const unexpected = (): never => assert.fail('told something')

/** As the next boot's file system would read it. */
function readBack(): CrumbFile {
  const disk = readFileSync(device)
  const piece = ({ offsetBytes, sizeBytes }: typeof FIRST): Uint8Array =>
    disk.subarray(offsetBytes, offsetBytes + sizeBytes)
  return parseCrumbFile('breadcrumbs', Buffer.concat([piece(FIRST), piece(SECOND)]))
}

/** Bytes of the device that are not the file's. */
function strangers(): Uint8Array {
  const disk = readFileSync(device)
  return Buffer.concat([
    disk.subarray(0, SECOND.offsetBytes),
    disk.subarray(SECOND.offsetBytes + SECOND.sizeBytes, FIRST.offsetBytes),
    disk.subarray(FIRST.offsetBytes + FIRST.sizeBytes),
  ])
}

test('what was noted is read back in order, over many blocks, and nothing else is touched', () => {
  const before = strangers()
  const crumbs = trail()
  const steps = Array.from({ length: 300 }, (_, i) => `step-${i}`)
  for (const [atMs, step] of steps.entries()) crumbs.add({ crumb: 'begin', step, atMs })
  assert.deepEqual(
    readBack().crumbs.map((crumb) => crumb.crumb === 'begin' && crumb.step),
    steps,
  )
  assert.deepEqual(strangers(), before)
  assert.deepEqual(said, [])
})

test('each crumb is on the disk when add() returns', () => {
  const crumbs = trail()
  crumbs.add({ crumb: 'target', target: 'ext4 /dev/vda' })
  assert.equal(readBack().crumbs.length, 1)
  crumbs.add({ crumb: 'saved', complete: false })
  assert.deepEqual(readBack().crumbs.at(-1), { crumb: 'saved', complete: false })
})

test('a disk that comes late gets what was noted before', () => {
  let node = ''
  const crumbs = trail(PLACE, () => (node === '' ? undefined : node))
  crumbs.add({ crumb: 'target', target: 'first' })
  node = device
  crumbs.add({ crumb: 'target', target: 'second' })
  assert.deepEqual(readBack().crumbs, [
    { crumb: 'target', target: 'first' },
    { crumb: 'target', target: 'second' },
  ])
})

test('a recorder that follows one that died goes on behind its lines', () => {
  trail().add({ crumb: 'target', target: 'before' })
  trail().add({ crumb: 'target', target: 'after' })
  assert.deepEqual(
    readBack().crumbs.map((crumb) => crumb.crumb === 'target' && crumb.target),
    ['before', 'after'],
  )
})

test('a block that belongs to another file now is not written to', () => {
  const disk = readFileSync(device)
  const thirdOfSteps = FIRST.offsetBytes + 10 * 4096
  disk.fill(0x55, thirdOfSteps, thirdOfSteps + 4096)
  writeFileSync(device, disk)
  const crumbs = trail()
  for (let atMs = 0; atMs < 300; atMs++) crumbs.add({ crumb: 'begin', step: 'x'.repeat(40), atMs })
  const now = readFileSync(device)
  assert.deepEqual(now.subarray(thirdOfSteps, thirdOfSteps + 4096), Buffer.alloc(4096, 0x55))
  assert.match(said.join('\n'), /^no breadcrumbs: .* is not the breadcrumb file/)
})

test('another nonce is another file: nothing is written', () => {
  const before = readFileSync(device)
  trail({ ...PLACE, nonce: 'f'.repeat(32) }).add({ crumb: 'target', target: 'x' })
  assert.deepEqual(readFileSync(device), before)
  assert.equal(said.length, 1)
})

test('the log is kept and read back; the end of one that is too long', () => {
  assert.equal(trail().saveLog(['line 1\n', 'line 2\n']), true)
  assert.equal(Buffer.from(readBack().log?.text ?? []).toString(), 'line 1\nline 2\n')
})

test('a machine without a place for crumbs goes on without', () => {
  const before = readFileSync(device)
  const none = new BreadcrumbTrail(undefined, { findDevice: () => device, say: unexpected })
  none.add({ crumb: 'target', target: 'x' })
  assert.equal(none.saveLog(['x']), false)
  assert.deepEqual(readFileSync(device), before)
})

test('a file cut short, or one that is none, is named', () => {
  assert.throws(() => parseCrumbFile('f', Buffer.from('something')), /f: .*not a breadcrumb file/)
  const whole = encodeCrumbFile(NONCE, readBack().header)
  assert.throws(() => parseCrumbFile('f', whole.subarray(0, 4096)), /ends before 4194304 bytes/)
})
