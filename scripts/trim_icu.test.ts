// A small package of ICU data between other bytes, written from the format's description.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { trimIcu } from './trim_icu.ts'

function mkpackage(names: readonly string[]): Buffer {
  const header = Buffer.alloc(32)
  header.writeUInt16LE(32, 0)
  header.set([0xda, 0x27], 2)
  header.write('CmnD', 12)
  const tocSize = 4 + names.length * 8
  const text = Buffer.from(names.map((name) => `${name}\0`).join(''))
  const toc = Buffer.alloc(tocSize)
  toc.writeUInt32LE(names.length, 0)
  names.forEach((name, index) => {
    toc.writeUInt32LE(tocSize + text.indexOf(`${name}\0`), 4 + index * 8)
    toc.writeUInt32LE(tocSize + text.length + index * 4, 8 + index * 8)
  })
  return Buffer.concat([header, toc, text, Buffer.from('DATA'.repeat(names.length))])
}

test('other locales, converters and dictionaries are blanked; what the recorder needs stays', () => {
  const needed = [
    'icudt78l/coll/root.res',
    'icudt78l/en_US.res',
    'icudt78l/ibm-5348_P100-1997.cnv',
    'icudt78l/zoneinfo64.res',
  ]
  const unneeded = [
    'icudt78l/brkitr/cjdict.dict',
    'icudt78l/coll/de__PHONEBOOK.res',
    'icudt78l/gb18030-2022.cnv',
  ]
  const names = [...needed, ...unneeded, 'icudt78l/zone/zu.res', 'icudt78l/zone/zz_last.res']
  const binary = Buffer.concat([
    Buffer.from('text CmnD text'),
    mkpackage(names),
    Buffer.from('after'),
  ])
  const size = binary.length
  assert.equal(trimIcu(binary), 4 * 4)
  assert.equal(binary.length, size)
  const data = binary.subarray(size - 'after'.length - names.length * 4).toString('latin1')
  assert.equal(data, `${'DATA'.repeat(4)}${'\0'.repeat(16)}DATAafter`)
})

test('a binary without ICU data stays as it is', () => {
  const binary = Buffer.from('just some CmnD bytes that are no package of data')
  const before = Buffer.from(binary)
  assert.equal(trimIcu(binary), 0)
  assert.deepEqual(binary, before)
})
