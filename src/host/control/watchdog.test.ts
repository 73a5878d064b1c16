// A sysfs in a temporary folder: a hardware watchdog and a software one.
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { test } from 'node:test'
import { findWatchdogDrivers } from './watchdog.ts'

test('drivers of hardware watchdogs are named; software ones and machines without any give none', () => {
  const root = mkdtempSync(path.join(os.tmpdir(), 'kbox-watchdog-'))
  try {
    assert.deepEqual(findWatchdogDrivers(root), [])
    const at = (name: string): string => path.join(root, 'sys', name)
    mkdirSync(at('module/iTCO_wdt'), { recursive: true })
    mkdirSync(at('class/watchdog/watchdog0/device/driver'), { recursive: true })
    mkdirSync(at('class/watchdog/watchdog1'))
    symlinkSync(at('module/iTCO_wdt'), at('class/watchdog/watchdog0/device/driver/module'))
    assert.deepEqual(findWatchdogDrivers(root), ['iTCO_wdt'])
  } finally {
    rmSync(root, { recursive: true })
  }
})
