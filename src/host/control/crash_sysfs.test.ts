// sysfs in a temporary folder: the old names, the new ones, and none.
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { test } from 'node:test'
import { readCrashState, type CrashState } from './crash_sysfs.ts'

function stateOf(files: Readonly<Record<string, string>>): CrashState {
  const root = mkdtempSync(path.join(os.tmpdir(), 'kbox-crash-'))
  try {
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(path.join(root, path.dirname(name)), { recursive: true })
      writeFileSync(path.join(root, name), text)
    }
    return readCrashState(root)
  } finally {
    rmSync(root, { recursive: true })
  }
}

test('the names before Linux 7.0 are read', () => {
  const files = {
    'sys/kernel/kexec_crash_loaded': '1\n',
    'sys/kernel/kexec_crash_size': '201326592\n',
  }
  assert.deepEqual(stateOf(files), { supported: true, loaded: true, reservedBytes: 201_326_592 })
})

test('the names since Linux 7.0 are read', () => {
  const files = {
    'sys/kernel/kexec/crash_loaded': '0\n',
    'sys/kernel/kexec/crash_size': '268435456\n',
  }
  assert.deepEqual(stateOf(files), { supported: true, loaded: false, reservedBytes: 268_435_456 })
})

test('a kernel without crash support has neither', () => {
  assert.deepEqual(stateOf({}), { supported: false, loaded: false, reservedBytes: 0 })
})
