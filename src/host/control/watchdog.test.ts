// A sysfs in a temporary folder: a hardware watchdog and a software one.
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { test } from 'node:test'
import { findArmedWatchdogs, findWatchdogDrivers } from './watchdog.ts'

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

test('of watchdogs that are armed, the driver and the buses above it are named, the bus first', () => {
  const root = mkdtempSync(path.join(os.tmpdir(), 'kbox-watchdog-'))
  try {
    assert.deepEqual(findArmedWatchdogs(root), { isAny: false, modules: [] })
    const at = (name: string): string => path.join(root, 'sys', name)
    for (const module of ['iTCO_wdt', 'lpc_ich'])
      mkdirSync(at(`module/${module}`), { recursive: true })
    mkdirSync(at('devices/pci/1f/driver'), { recursive: true })
    mkdirSync(at('devices/pci/1f/iTCO.1/driver'), { recursive: true })
    symlinkSync(at('module/lpc_ich'), at('devices/pci/1f/driver/module'))
    symlinkSync(at('module/iTCO_wdt'), at('devices/pci/1f/iTCO.1/driver/module'))
    mkdirSync(at('class/watchdog/watchdog0'), { recursive: true })
    mkdirSync(at('class/watchdog/watchdog1'))
    symlinkSync(at('devices/pci/1f/iTCO.1'), at('class/watchdog/watchdog0/device'))
    writeFileSync(at('class/watchdog/watchdog0/state'), 'inactive\n')
    writeFileSync(at('class/watchdog/watchdog1/state'), 'active\n')
    writeFileSync(at('class/watchdog/watchdog1/identity'), 'Software Watchdog\n')
    assert.deepEqual(findArmedWatchdogs(root), { isAny: true, modules: ['softdog'] })
    writeFileSync(at('class/watchdog/watchdog0/state'), 'active\n')
    assert.deepEqual(findArmedWatchdogs(root).modules, ['lpc_ich', 'iTCO_wdt', 'softdog'])
  } finally {
    rmSync(root, { recursive: true })
  }
})
