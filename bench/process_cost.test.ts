// The meter against commands whose cost is known.
import assert from 'node:assert/strict'
import fs from 'node:fs'
import { test } from 'node:test'
import { runCosted } from './process_cost.ts'

const skip = !fs.existsSync('/usr/bin/time') && 'needs GNU time'

test('bytes read and peak memory are those of the command', { skip }, () => {
  const size = 64 * 2 ** 20
  const { readBytes, peakBytes, failed } = runCosted(
    ['dd', 'if=/dev/zero', 'of=/dev/null', `bs=${size}`, 'count=2'],
    60,
  )
  assert.equal(failed, '')
  assert.ok(readBytes >= 2 * size && readBytes < 2 * size + 2 ** 20, String(readBytes))
  assert.ok(peakBytes >= size && peakBytes < size + 16 * 2 ** 20, String(peakBytes))
})

test('standard output is kept, a failure is told', { skip }, () => {
  const cost = runCosted(['sh', '-c', 'echo told; exit 3'], 60)
  assert.equal(cost.stdout, 'told\n')
  assert.equal(cost.failed, 'exit 3')
})

test('a command that takes too long is ended', { skip }, () => {
  const { failed, wallMs } = runCosted(['sleep', '60'], 0.2)
  assert.equal(failed, 'ended after 0.2 s')
  assert.ok(wallMs < 30_000)
})
