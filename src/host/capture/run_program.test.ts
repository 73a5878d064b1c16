// Real programs, some of which never end by themselves.
import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { runProgram } from './run_program.ts'

const LONG_MS = 60_000
let folder = ''
beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'kbox-program-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

const shell = (script: string, timeoutMs: number) =>
  runProgram('/bin/sh', ['-c', script, 'sh', folder], timeoutMs, () => {})

test('the exit code is told, and the signal of one that was killed', async () => {
  assert.deepEqual(await shell('exit 7', LONG_MS), { how: 'exit', code: 7 })
  assert.deepEqual(await shell('kill -9 $$', LONG_MS), { how: 'signal', signal: 'SIGKILL' })
})

test('one that hangs is killed with what it started', async () => {
  const end = await shell('sleep 1000 & echo $! > "$1/pid"; wait', 300)
  assert.deepEqual(end, { how: 'timeout' })
  const pid = Number(readFileSync(path.join(folder, 'pid'), 'utf8'))
  for (let tries = 0; isAlive(pid) && tries < 1000; tries++) await sleep(10)
  assert.equal(isAlive(pid), false)
})

test('one that leaves something in the background is not waited for', async () => {
  const end = await shell('sleep 1000 & echo $! > "$1/pid"', LONG_MS)
  assert.deepEqual(end, { how: 'exit', code: 0 })
  process.kill(Number(readFileSync(path.join(folder, 'pid'), 'utf8')), 'SIGKILL')
})

test('one that is not there is an error, not an exception', async () => {
  const end = await runProgram(path.join(folder, 'none'), [], LONG_MS, () => {})
  assert.equal(end.how, 'error')
})

test('the libraries of our own runtime are not put before those of the machine', async () => {
  process.env['LD_LIBRARY_PATH'] = folder
  try {
    assert.deepEqual(await shell('[ -z "$LD_LIBRARY_PATH" ]', LONG_MS), { how: 'exit', code: 0 })
  } finally {
    delete process.env['LD_LIBRARY_PATH']
  }
})

function isAlive(pid: number): boolean {
  // A zombie nobody waits for is dead too.
  const file = `/proc/${pid}/stat`
  return existsSync(file) && !readFileSync(file, 'utf8').includes(') Z ')
}
