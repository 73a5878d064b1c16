// Flattened streams: read back in place, and into pipes that break or are slow.
import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after, test } from 'node:test'
import { flattenedSource } from '../../core/io/flattened_source.ts'
import { openFileSource } from './file_source.ts'
import { openFlattenedOutput } from './flattened_output.ts'

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'kbox-flattened-'))
after(() => fs.rmSync(folder, { recursive: true }))
const file = path.join(folder, 'flat')

test('pieces written in any order, and twice, are found where they belong', () => {
  const fd = fs.openSync(file, 'w')
  const output = openFlattenedOutput(fd, 'stream')
  assert.equal(output.write(100, Uint8Array.of(1, 2, 3)), 3)
  assert.equal(output.write(0, new Uint8Array(50).fill(9)), 50)
  assert.equal(output.write(0, Uint8Array.of(7)), 1)
  assert.equal(output.write(5000, new Uint8Array(0)), 0)
  output.close()
  fs.closeSync(fd)
  using source = flattenedSource(openFileSource(file))
  assert.equal(source.isCut, false)
  const bytes = new Uint8Array(source.size)
  assert.equal(source.read(0, bytes), 103)
  assert.deepEqual([bytes[0], bytes[1], bytes[99], bytes[100], bytes[102]], [7, 9, 0, 1, 3])
})

test('a reader that goes away is a problem, never an exception', () => {
  // The reader of this pipe is gone before anything is written to it.
  const script = `
    import { openFlattenedOutput } from ${JSON.stringify(import.meta.resolve('./flattened_output.ts'))}
    const output = openFlattenedOutput(1, 'stdout')
    const wrote = output.write(0, new Uint8Array(1e6))
    const again = output.write(0, new Uint8Array(10))
    output.close()
    process.stderr.write([output.problem?.errno, wrote, again].join(' '))`
  const child = spawnSync(
    'sh',
    [
      '-c',
      '{ sleep 0.3; "$0" --input-type=module -e "$1" 2>&3; } 3>&2 | true',
      process.execPath,
      script,
    ],
    { encoding: 'utf8' },
  )
  assert.equal(child.stderr, 'EPIPE 0 0')
})

test('a slow reader of a pipe gets all of it', async () => {
  // Node makes this pipe non-blocking, as ssh does: writes come back with EAGAIN.
  const script = `
    import net from 'node:net'
    import { openFlattenedOutput } from ${JSON.stringify(import.meta.resolve('./flattened_output.ts'))}
    process.stdout.write('')
    const output = openFlattenedOutput(1, 'stdout')
    for (let i = 0; i < 8; i++) output.write(i * 100_000, new Uint8Array(100_000).fill(i + 1))
    output.close()
    process.stderr.write(String(output.problem?.errno))`
  const child = spawn(process.execPath, ['--input-type=module', '-e', script])
  const pieces: Buffer[] = []
  child.stdout.on('data', (piece: Buffer) => {
    pieces.push(piece)
    child.stdout.pause()
    setTimeout(() => child.stdout.resume(), 5)
  })
  let problem = ''
  child.stderr.on('data', (text: Buffer) => (problem += text.toString()))
  await once(child, 'close')
  assert.equal(problem, 'undefined')
  fs.writeFileSync(file, Buffer.concat(pieces))
  using source = flattenedSource(openFileSource(file))
  assert.equal(source.isCut, false)
  const bytes = new Uint8Array(source.size)
  source.read(0, bytes)
  assert.equal(bytes.length, 800_000)
  assert.ok(bytes.every((byte, i) => byte === Math.floor(i / 100_000) + 1))
})

test('a device that is full is a problem', () => {
  const fd = fs.openSync('/dev/full', 'w')
  const output = openFlattenedOutput(fd, 'stream')
  assert.equal(output.write(0, new Uint8Array(10)), 0)
  assert.equal(output.problem?.errno, 'ENOSPC')
  output.close()
  fs.closeSync(fd)
})
