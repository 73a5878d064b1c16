// The recorder's needs, from a tree of facts and from this machine's own programs.
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { test } from 'node:test'
import { DEFAULT_CONF } from './config/kdump_conf_model.ts'
import { planRecorder } from './plan_recorder.ts'

test('a tree with an armed watchdog and a hook is planned for without a disk', async () => {
  const root = mkdtempSync(path.join(os.tmpdir(), 'kbox-recorder-'))
  try {
    const at = (name: string): string => path.join(root, name)
    mkdirSync(at('sys/class/watchdog/watchdog0'), { recursive: true })
    mkdirSync(at('etc/kdump/post.d'), { recursive: true })
    writeFileSync(at('sys/class/watchdog/watchdog0/state'), 'active\n')
    writeFileSync(at('sys/class/watchdog/watchdog0/identity'), 'Software Watchdog\n')
    writeFileSync(at('etc/kdump/post.d/told'), '#!/bin/sh\n', { mode: 0o755 })
    const { config, modules, devices, crumbFile, needs } = await planRecorder(DEFAULT_CONF, root)
    assert.deepEqual([modules, devices, crumbFile, needs], [['softdog'], [], '', []])
    assert.deepEqual(config, {
      hooks: {
        pre: [],
        post: [{ file: 'etc/kdump/post.d/told', isDecisive: false }],
        emergency: [],
      },
      petsWatchdogs: true,
    })
  } finally {
    rmSync(root, { recursive: true })
  }
})

test('a machine with nothing of it needs nothing', async () => {
  const root = mkdtempSync(path.join(os.tmpdir(), 'kbox-recorder-'))
  try {
    const { config, warnings } = await planRecorder(DEFAULT_CONF, root)
    assert.deepEqual(config, { hooks: { pre: [], post: [], emergency: [] } })
    assert.deepEqual(warnings, [])
  } finally {
    rmSync(root, { recursive: true })
  }
})
