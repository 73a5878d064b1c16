// Programs made in memory, their libraries in temporary folders.
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { mkelf } from '../../../test/support/mkelf_program.ts'
import { findLibraries, readInterpreter } from './elf_needed.ts'

let folder = ''
const at = (name: string): string => path.join(folder, name)
before(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'kbox-elf-'))
  mkdirSync(at('lib'))
  writeFileSync(
    at('program'),
    mkelf({ interpreter: '/lib64/ld.so', needed: ['liba.so.1', 'libc.so.6'] }),
  )
  writeFileSync(at('lib/liba.so.1'), mkelf({ needed: ['libb.so', 'libc.so.6'] }))
  writeFileSync(at('lib/libb.so'), mkelf({ needed: ['liba.so.1'] }))
  writeFileSync(at('lib/libc.so.6'), mkelf({}))
  writeFileSync(at('static'), mkelf({}))
})
after(() => rmSync(folder, { recursive: true }))

test('libraries are found through libraries, once each, loops included', () => {
  const names = findLibraries([at('program')], [at('nowhere'), at('lib')]).map(
    ({ soname }) => soname,
  )
  assert.deepEqual(names, ['liba.so.1', 'libc.so.6', 'libb.so'])
})

test('a library that is nowhere is named with who needs it', () => {
  assert.throws(
    () => findLibraries([at('program')], [at('nowhere')]),
    /program needs liba\.so\.1, which is in none of/,
  )
})

test('a static program has no interpreter', () => {
  assert.equal(readInterpreter(at('program')), '/lib64/ld.so')
  assert.equal(readInterpreter(at('static')), undefined)
})

test('a file that is no ELF is an error that names it', () => {
  writeFileSync(at('script'), `#!/bin/sh\n${'#'.repeat(100)}`)
  assert.throws(() => readInterpreter(at('script')), /script: offset 0x0: not an ELF file/)
})
