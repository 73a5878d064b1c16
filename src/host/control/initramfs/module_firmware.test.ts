// Modules as far as .modinfo goes, and trees with firmware.
import assert from 'node:assert/strict'
import path from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import { makeFactTree } from '../../../../test/support/fact_tree.ts'
import { findModuleFirmware, readFirmwareNames } from './module_firmware.ts'

const modinfo = (...strings: string[]): Buffer => Buffer.from(`\0${strings.join('\0')}\0`, 'latin1')

test('names are read from between NULs, once each, and none leads out of the folder', () => {
  const module = modinfo(
    'license=GPL',
    'firmware=bnx2x/bnx2x-e1-7.13.21.0.fw',
    'firmware=bnx2x/bnx2x-e1-7.13.21.0.fw',
    'firmware=tigon/tg3.bin',
    'firmware=../../etc/shadow',
    'firmware=/etc/shadow',
    'parm:firmware=no',
  )
  assert.deepEqual(readFirmwareNames(module), ['bnx2x/bnx2x-e1-7.13.21.0.fw', 'tigon/tg3.bin'])
})

test("a file is taken where the kernel would look first, the machine's own updates before all", () => {
  using tree = makeFactTree({
    'lib/firmware/a.bin': 'old',
    'lib/firmware/updates/a.bin': 'new',
    'lib/firmware/b/b.bin.zst': 'packed',
  })
  const module = modinfo('firmware=a.bin', 'firmware=b/b.bin', 'firmware=c.bin')
  assert.deepEqual(
    findModuleFirmware(module, '6.1.0', tree.root).map(({ path: to, source }) => [
      to,
      path.relative(tree.root, source),
    ]),
    [
      ['lib/firmware/updates/a.bin', 'lib/firmware/updates/a.bin'],
      ['lib/firmware/b/b.bin.zst', 'lib/firmware/b/b.bin.zst'],
    ],
  )
})

test('any bytes are a module without firmware, or with names that stay inside', () => {
  const piece = fc.oneof(
    fc.constantFrom('\0', 'firmware=', '..', '/', 'a'),
    fc.string({ unit: 'binary' }),
  )
  fc.assert(
    fc.property(fc.array(piece), (pieces) => {
      for (const name of readFirmwareNames(Buffer.from(pieces.join(''), 'latin1')))
        assert.ok(path.resolve('/lib/firmware', name).startsWith('/lib/firmware/'), name)
    }),
    { numRuns: 2000 },
  )
})
