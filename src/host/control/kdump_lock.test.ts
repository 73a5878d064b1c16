// Two holders of one lock in one process: flock(2) tells descriptors apart, not processes.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { tryKdumpLock, withKdumpLock } from './kdump_lock.ts'

let folder = ''
let file = ''
before(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'kbox-lock-'))
  file = path.join(folder, 'lock/kdump')
})
after(() => rmSync(folder, { recursive: true }))

test('who comes second waits until the first is done, and says so once', async () => {
  const order: string[] = []
  let release = (): void => undefined
  const first = withKdumpLock(
    () => new Promise<void>((resolve) => (release = resolve)).then(() => void order.push('first')),
    { file },
  )
  const second = withKdumpLock(() => void order.push('second'), {
    file,
    onWait() {
      order.push('waits')
      release()
    },
  })
  await Promise.all([first, second])
  assert.deepEqual(order, ['waits', 'first', 'second'])
})

test('a wait that takes too long ends with the name of who holds the lock', async () => {
  using held = tryKdumpLock(file)
  assert.ok(held)
  await assert.rejects(
    withKdumpLock(() => assert.fail('got it'), { file, timeoutMs: 0 }),
    new RegExp(`process ${process.pid} holds .*lock/kdump`),
  )
})

test('the lock is free again when the work has failed', async () => {
  const failing = withKdumpLock(() => Promise.reject(new Error('no')), { file })
  await assert.rejects(failing, /no/)
  using lock = tryKdumpLock(file)
  assert.ok(lock)
  assert.equal(tryKdumpLock(file), undefined)
})
