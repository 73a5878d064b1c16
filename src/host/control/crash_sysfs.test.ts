// sysfs in a temporary folder: the old names, the new ones, and none.
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { test } from 'node:test'
import { readCrashHotplug, readCrashState, type CrashState } from './crash_sysfs.ts'

const stateOf = (files: Readonly<Record<string, string>>): CrashState =>
  withTree(files, readCrashState)

function withTree<T>(files: Readonly<Record<string, string>>, read: (root: string) => T): T {
  const root = mkdtempSync(path.join(os.tmpdir(), 'kbox-crash-'))
  try {
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(path.join(root, path.dirname(name)), { recursive: true })
      writeFileSync(path.join(root, name), text)
    }
    return read(root)
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

test('a kernel that keeps track of CPUs or memory itself says so for each', () => {
  const files = {
    'sys/devices/system/cpu/crash_hotplug': '1\n',
    'sys/devices/system/memory/crash_hotplug': '0\n',
  }
  assert.deepEqual(withTree(files, readCrashHotplug), { cpu: true, memory: false })
  assert.deepEqual(withTree({}, readCrashHotplug), { cpu: false, memory: false })
})
