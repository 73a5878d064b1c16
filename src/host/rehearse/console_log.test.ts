// A stream plays the serial port.
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { PassThrough } from 'node:stream'
import { test, type TestContext } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { ConsoleLog } from './console_log.ts'

function open(t: TestContext) {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'kbox-console-'))
  const port = new PassThrough()
  const log = new ConsoleLog(path.join(folder, 'console.log'))
  log.attach(port)
  t.after(() => {
    log.close()
    rmSync(folder, { recursive: true })
  })
  return { log, port }
}
const never = new AbortController().signal

test('a wait sees words that come in pieces', async (t) => {
  const { log, port } = open(t)
  const found = log.waitFor(/capture kernel is (\w+)/, never)
  port.write('[ 1.0] kbox: capture ker')
  await turn()
  port.write('nel is up after 3\r\n')
  assert.equal((await found)[1], 'up')
})

test('a wait sees words that came before it, but not those an earlier wait has consumed', async (t) => {
  const { log, port } = open(t)
  port.write('Kernel panic - first\n')
  await turn()
  log.consume(await log.waitFor(/panic - \w+/, never))
  const second = log.waitFor(/panic - \w+/, never)
  port.write('Kernel panic - second\n')
  assert.equal((await second)[0], 'panic - second')
})

test('a wait ends with the reason of its signal', async (t) => {
  const { log } = open(t)
  const stop = new AbortController()
  const wait = log.waitFor(/never/, stop.signal)
  stop.abort(new Error('machine gone'))
  await assert.rejects(wait, /machine gone/)
})

test('the file keeps every byte, the text leaves out terminal control', async (t) => {
  const { log, port } = open(t)
  const escape = String.fromCharCode(27)
  port.write(`${escape}[2Jone\r\n${escape}[31mtwo${escape}[0m\r\nthree`)
  await turn()
  assert.deepEqual(log.tail(2), ['two', 'three'])
  assert.equal(
    readFileSync(log.file, 'utf8'),
    `${escape}[2Jone\r\n${escape}[31mtwo${escape}[0m\r\nthree`,
  )
})
