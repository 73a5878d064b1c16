// Folders of dumps in a temporary directory: as they were written, and changed in every way.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { FormatError, HostError } from '../../../core/base/errors.ts'
import { makeDumpFolder } from '../../../../test/support/dump_folder.ts'
import { isUnchanged, verifyFolder } from './verify_folder.ts'

let root = ''
let folder = ''
beforeEach(() => {
  root = mkdtempSync(path.join(os.tmpdir(), 'kbox-verify-'))
  folder = makeDumpFolder(root, { files: { vmcore: 'DUMP', 'vmcore-dmesg.txt': 'log\n' } })
})
afterEach(() => rmSync(root, { recursive: true }))

const at = (name: string): string => path.join(folder, name)
const states = (): string =>
  verifyFolder(folder)
    .files.map(({ name, state }) => `${name} ${state}`)
    .join(', ')

test('a folder as it was written is unchanged', () => {
  const found = verifyFolder(folder)
  assert.equal(states(), 'vmcore same, vmcore-dmesg.txt same')
  assert.deepEqual(found.extras, [])
  assert.ok(isUnchanged(found))
  assert.equal(
    found.manifest.id,
    createHash('sha256')
      .update(readFileSync(at('kbox.json')))
      .digest('hex'),
  )
})

test('a flipped bit in any byte of any file is found, and the file named', () => {
  for (const name of ['vmcore', 'vmcore-dmesg.txt', 'kbox.json']) {
    const bytes = readFileSync(at(name))
    for (let bit = 0; bit < bytes.length * 8; bit += 7) {
      const bad = Buffer.from(bytes)
      bad.writeUInt8(bad.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3)
      writeFileSync(at(name), bad)
      try {
        const found = verifyFolder(folder)
        const wrong = found.files.filter(({ state }) => state !== 'same').map((file) => file.name)
        assert.ok(wrong.includes(name), `bit ${bit} of ${name}: ${states()}`)
        assert.equal(isUnchanged(found), false)
      } catch (error) {
        // A manifest that says nothing any more is named by its error.
        assert.ok(error instanceof FormatError && error.file === at('kbox.json'), String(error))
      }
    }
    writeFileSync(at(name), bytes)
  }
  assert.ok(isUnchanged(verifyFolder(folder)))
})

test('what is missing, longer, or no file is told apart', () => {
  rmSync(at('vmcore'))
  writeFileSync(at('vmcore-dmesg.txt'), 'log, longer\n')
  assert.equal(states(), 'vmcore missing, vmcore-dmesg.txt size')
  symlinkSync('vmcore-dmesg.txt', at('vmcore'))
  assert.equal(states(), 'vmcore no-file, vmcore-dmesg.txt size')
})

test('files that are written later are explained, others are not', () => {
  for (const name of ['report.html', 'kbox.json.sig', 'pinned']) writeFileSync(at(name), '')
  assert.ok(isUnchanged(verifyFolder(folder)))
  writeFileSync(at('vmcore2'), '')
  const { extras } = verifyFolder(folder)
  assert.deepEqual(
    extras.filter(({ why }) => why === ''),
    [{ name: 'vmcore2', why: '' }],
  )
  assert.equal(isUnchanged(verifyFolder(folder)), false)
})

test('a manifest that names a file elsewhere is refused, and so is none', () => {
  const other = makeDumpFolder(root, {
    name: 'other',
    files: { '../vmcore': 'x' },
    isWritten: false,
  })
  assert.throws(() => verifyFolder(other), FormatError)
  rmSync(path.join(other, 'kbox.json'))
  assert.throws(() => verifyFolder(other), HostError)
})

test('a file of which no sum was recorded is not called the same', () => {
  const other = makeDumpFolder(root, { name: 'other', files: { vmcore: 'x' }, hasSums: false })
  const found = verifyFolder(other)
  assert.deepEqual(
    found.files.map(({ state }) => state),
    ['unsummed'],
  )
})
