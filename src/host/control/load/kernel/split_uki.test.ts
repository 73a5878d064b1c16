// Unified kernel images made for the test: the sections come out byte for byte, or not at all.
import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { mkpe } from '../../../../../test/support/mkpe.ts'
import { extractSection } from './split_uki.ts'

const KERNEL = 'kernel'.repeat(300_000)
let folder = ''
const at = (name: string): string => path.join(folder, name)
before(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'kbox-uki-'))
  const sections = [
    { name: '.osrel', content: 'ID=test\n' },
    { name: '.linux', content: KERNEL, padding: 300 },
    { name: '.initrd', content: 'initrd', padding: 10 },
  ]
  writeFileSync(at('linux.efi'), mkpe({ sections }))
})
after(() => rmSync(folder, { recursive: true }))

test('kernel and initramfs come out of a unified kernel image without their padding', () => {
  extractSection(at('linux.efi'), '.linux', at('out/linux'))
  assert.equal(readFileSync(at('out/linux'), 'utf8'), KERNEL)
  extractSection(at('linux.efi'), '.initrd', at('out/initrd'))
  assert.equal(readFileSync(at('out/initrd'), 'utf8'), 'initrd')
  assert.deepEqual(readdirSync(at('out')).toSorted(), ['initrd', 'linux'])
})

test('a file without the section is refused by name, and nothing is written', () => {
  writeFileSync(at('plain'), 'no PE file')
  assert.throws(
    () => extractSection(at('plain'), '.linux', at('none/linux')),
    /it has no section \.linux/,
  )
  assert.throws(() => readdirSync(at('none')), /ENOENT/)
})
