// What units call must exist.
import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { VERBS } from './verbs.ts'

test('every verb that a unit or a udev rule starts exists', () => {
  const files = globSync('packaging/{systemd,udev}/*')
  const started = files.flatMap((file) =>
    Array.from(readFileSync(file, 'utf8').matchAll(/\/usr\/bin\/kbox (\w[\w-]*)/g), ([, verb]) => ({
      file,
      verb,
    })),
  )
  assert.ok(started.length > 0)
  for (const { file, verb } of started)
    assert.ok(
      VERBS.some(({ name }) => name === verb),
      `${file}: kbox ${verb}`,
    )
})
