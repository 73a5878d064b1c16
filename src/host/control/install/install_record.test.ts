// The record decides what is removed, so it is read as if an enemy had written it.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { placeText, smallPayload } from '../../../../test/support/small_payload.ts'
import { parseRecord, readRecord, recordPath } from './install_record.ts'

const FILE = { path: 'usr/bin/kbox', fingerprint: 'sha256:00', role: 'program' }
const RECORD = { version: 1, kbox: '0.1.0', unit: 'kdump.service', files: [FILE] }

test('a record is read as it was written', () => {
  assert.deepEqual(parseRecord(JSON.stringify(RECORD)), RECORD)
})

test('a path that leads out of the root makes it no record', () => {
  for (const name of ['/etc/passwd', '../etc/passwd', 'usr/../../etc/passwd', '', 'usr//x', './x'])
    assert.equal(
      parseRecord(JSON.stringify({ ...RECORD, files: [{ ...FILE, path: name }] })),
      undefined,
      name,
    )
})

test('anything else is no record', () => {
  for (const text of ['', '[]', 'null', '{"version":1}', JSON.stringify({ ...RECORD, version: 2 })])
    assert.equal(parseRecord(text), undefined, text)
  for (const change of [{ files: {} }, { files: [null] }, { unit: 'ssh.service' }, { kbox: 1 }])
    assert.equal(parseRecord(JSON.stringify({ ...RECORD, ...change })), undefined)
})

test('no text makes the parser throw or names a path outside', () => {
  const hostile = fc.oneof(
    fc.string(),
    fc.json(),
    fc.record({ ...recordArbitrary() }).map((value) => JSON.stringify(value)),
  )
  fc.assert(
    fc.property(hostile, (text) => {
      const record = parseRecord(text)
      for (const { path: name } of record?.files ?? []) {
        assert.ok(!name.startsWith('/'))
        assert.ok(!name.split('/').includes('..'))
      }
    }),
    { numRuns: 2000 },
  )
})

function recordArbitrary() {
  const name = fc.array(fc.constantFrom('usr', '..', '.', '', 'bin'), { maxLength: 4 })
  return {
    version: fc.constantFrom(1, 1, 2),
    kbox: fc.string(),
    unit: fc.constantFrom('kdump.service', 'kbox.service', ''),
    files: fc.array(
      fc.record({
        path: name.map((parts) => parts.join('/')),
        fingerprint: fc.string(),
        role: fc.constantFrom('program', 'config', 'courtesy', ''),
      }),
      { maxLength: 3 },
    ),
  }
}

test('a damaged record stops everything', () => {
  using small = smallPayload()
  assert.equal(readRecord(small.machine, '/usr'), undefined)
  placeText(small.machine, recordPath('/usr'), '{')
  assert.throws(() => readRecord(small.machine, '/usr'), /is no record of an installation/)
})
