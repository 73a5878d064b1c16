// kbox export on a small kernel: options, files, and what is left where it fails.
import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { UsageError } from '../core/base/errors.ts'
import { writeKernelFile } from '../../test/support/kernel_file.ts'
import { smallKernel } from '../../test/support/small_kernel.ts'
import { verbOutput } from '../../test/support/verb_output.ts'
import { exportMain } from './export.ts'

let root = ''
beforeEach(() => {
  root = mkdtempSync(path.join(os.tmpdir(), 'kbox-export-'))
  writeKernelFile(smallKernel().program, path.join(root, 'vmcore'))
})
afterEach(() => rmSync(root, { recursive: true }))

const at = (name: string): string => path.join(root, name)

test('log and report alone are written, and what could not be done is told', async (context) => {
  const { code, stderr } = await verbOutput(context, exportMain, [
    '--redact',
    '--no-dump',
    at('vmcore'),
    at('out'),
  ])
  // A kernel made of a recipe has no log.
  assert.equal(code, 1)
  assert.match(stderr, /log: vmcoreinfo/)
  assert.deepEqual(readdirSync(at('out')).toSorted(), [
    'kbox.json',
    'redaction.json',
    'report.html',
    'report.json',
    'report.txt',
  ])
  const report = JSON.parse(readFileSync(at('out/report.json'), 'utf8')) as {
    completeness: { file: string }
  }
  assert.equal(report.completeness.file, 'vmcore')
})

test('a folder that is there is not written to, one that cannot be filled is removed', async () => {
  await assert.rejects(exportMain([at('vmcore'), root]), { errno: 'EEXIST' })
  writeFileSync(at('text'), 'no dump')
  await assert.rejects(exportMain(['--no-dump', at('text'), at('out')]))
  assert.equal(existsSync(at('out')), false)
})

test('what is missing or out of range is a usage error', async () => {
  for (const argv of [
    [],
    ['x'],
    ['x', 'y', 'z'],
    ['--level', '32', 'x', 'y'],
    ['--level', 'all', 'x', 'y'],
  ])
    await assert.rejects(exportMain(argv), UsageError, argv.join(' '))
})
