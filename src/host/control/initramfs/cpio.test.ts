// The archive is read back by a reader written here from the format's text, and by busybox where there is one.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { writeCpio, type CpioEntry } from './cpio.ts'

let folder = ''
before(() => (folder = mkdtempSync(path.join(os.tmpdir(), 'kbox-cpio-'))))
after(() => rmSync(folder, { recursive: true }))

function write(entries: readonly CpioEntry[]): Buffer {
  const file = path.join(folder, 'archive')
  const fd = openSync(file, 'w')
  const size = writeCpio(fd, entries)
  closeSync(fd)
  const bytes = readFileSync(file)
  assert.equal(bytes.length, size)
  return bytes
}

interface Member {
  readonly name: string
  readonly mode: number
  readonly content: string
}

function read(bytes: Buffer): Member[] {
  const members: Member[] = []
  for (let at = 0; ;) {
    assert.equal(bytes.toString('latin1', at, at + 6), '070701')
    const field = (index: number): number =>
      parseInt(bytes.toString('latin1', at + 6 + index * 8, at + 14 + index * 8), 16)
    const nameSize = field(11)
    const name = bytes.toString('utf8', at + 110, at + 110 + nameSize - 1)
    const start = (at + 110 + nameSize + 3) & ~3
    if (name === 'TRAILER!!!') return members
    members.push({ name, mode: field(1), content: bytes.toString('utf8', start, start + field(6)) })
    at = (start + field(6) + 3) & ~3
  }
}

const ENTRIES: readonly CpioEntry[] = [
  { kind: 'directory', path: 'bin', mode: 0o755 },
  { kind: 'device', path: 'console', mode: 0o600, major: 5, minor: 1 },
  { kind: 'file', path: 'bin/odd', mode: 0o755, content: Buffer.from('12345') },
  { kind: 'file', path: 'empty', mode: 0o644, content: new Uint8Array(0) },
  { kind: 'symlink', path: 'bin/sh', target: 'odd' },
]

test('members come back with name, mode and content', () => {
  assert.deepEqual(read(write(ENTRIES)), [
    { name: 'bin', mode: 0o40755, content: '' },
    { name: 'console', mode: 0o20600, content: '' },
    { name: 'bin/odd', mode: 0o100755, content: '12345' },
    { name: 'empty', mode: 0o100644, content: '' },
    { name: 'bin/sh', mode: 0o120777, content: 'odd' },
  ])
})

test('the archive ends on a block, and equal input makes equal bytes', () => {
  const first = write(ENTRIES)
  assert.equal(first.length % 512, 0)
  assert.deepEqual(write(ENTRIES), first)
})

test('a file of the machine is copied, and refused when it has changed', () => {
  const source = path.join(folder, 'source')
  const content = 'x'.repeat(3_000_001)
  writeFileSync(source, content)
  const entry = (sizeBytes: number): CpioEntry => ({
    kind: 'file',
    path: 'big',
    mode: 0o600,
    content: { source, sizeBytes },
  })
  assert.equal(read(write([entry(content.length)]))[0]?.content, content)
  assert.throws(() => write([entry(7)]), /changed while it was read/)
})

test('a file of 4 GiB is refused before anything of it is written', () => {
  const content = { source: '/dev/null', sizeBytes: 2 ** 32 }
  assert.throws(() => write([{ kind: 'file', path: 'huge', mode: 0o600, content }]), /do not fit/)
})

test('cpio(1) lists it', (context) => {
  const { status, stdout, error } = spawnSync('cpio', ['-t', '--quiet'], { input: write(ENTRIES) })
  if (error) return context.skip('no cpio on this machine')
  assert.equal(status, 0)
  assert.deepEqual(
    stdout.toString().trim().split('\n'),
    ENTRIES.map((entry) => entry.path),
  )
})
