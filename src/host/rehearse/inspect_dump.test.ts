// Folders as a capture leaves them. What a real dump says is looked at in test/vm.
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { test, type TestContext } from 'node:test'
import { findRecording, inspectDump, readCaptureFacts } from './inspect_dump.ts'

function scratch(t: TestContext): string {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'kbox-inspect-'))
  t.after(() => rmSync(folder, { recursive: true }))
  return folder
}

test('the newest recording is found among other folders', (t) => {
  const folder = scratch(t)
  assert.equal(findRecording(folder), undefined)
  for (const name of [
    'lost+found',
    '127.0.0.1-2026-11-22-10:00:00',
    '127.0.0.1-2026-11-23-09:00:00',
  ]) {
    mkdirSync(path.join(folder, name))
  }
  assert.equal(findRecording(folder), path.join(folder, '127.0.0.1-2026-11-23-09:00:00'))
})

test('a folder without a dump has none; one that is no dump says why', (t) => {
  const folder = scratch(t)
  assert.equal(inspectDump(folder), undefined)
  writeFileSync(path.join(folder, 'vmcore-incomplete'), 'not a vmcore')
  const facts = inspectDump(folder)
  assert.equal(facts?.opens, false)
  assert.match(facts?.error ?? '', /vmcore-incomplete: offset 0x0: not a vmcore/)
})

test('a manifest tells what the capture kernel did, a torn one tells nothing', (t) => {
  const folder = scratch(t)
  assert.equal(readCaptureFacts(folder), undefined)
  const step = {
    name: 'dump',
    startMs: 1,
    ms: 2,
    ok: false,
    error: 'ENOSPC',
    memAvailableMinBytes: 3,
  }
  const manifest = { version: 1, complete: false, memAvailableMinBytes: 7, steps: [step] }
  writeFileSync(path.join(folder, 'kbox.json'), JSON.stringify(manifest))
  assert.deepEqual(readCaptureFacts(folder), {
    complete: false,
    memAvailableMinBytes: 7,
    steps: [{ name: 'dump', ms: 2, ok: false, error: 'ENOSPC' }],
  })
  writeFileSync(path.join(folder, 'kbox.json'), '{"version": 1, "st')
  assert.equal(readCaptureFacts(folder), undefined)
})
