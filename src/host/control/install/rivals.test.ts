// Units as distributions lay them out.
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { test, type TestContext } from 'node:test'
import { placeText } from '../../../../test/support/small_payload.ts'
import { findRivals } from './rivals.ts'
import { refuseEnabledRivals } from './service.ts'

const TOOLS = 'lib/systemd/system/kdump-tools.service'

function machine(t: TestContext): string {
  const root = mkdtempSync(path.join(os.tmpdir(), 'kbox-rivals-'))
  t.after(() => rmSync(root, { recursive: true }))
  mkdirSync(path.join(root, 'etc/systemd/system/multi-user.target.wants'), { recursive: true })
  return root
}

test('a plain machine has none', (t) => {
  assert.deepEqual(
    findRivals(machine(t), () => false),
    [],
  )
})

test('an enabled unit is told from one that is only installed', (t) => {
  const root = machine(t)
  placeText(root, TOOLS, '[Unit]\n')
  const look = () => findRivals(root, () => false)
  assert.deepEqual(look(), [{ unit: 'kdump-tools.service', file: TOOLS, isEnabled: false }])
  symlinkSync(
    `/${TOOLS}`,
    path.join(root, 'etc/systemd/system/multi-user.target.wants/kdump-tools.service'),
  )
  assert.equal(look()[0]?.isEnabled, true)
  assert.throws(
    () => refuseEnabledRivals('kdump.service', look()),
    /systemctl disable --now kdump-tools\.service/,
  )
})

test('a masked unit is not started, and a mask alone is no unit', (t) => {
  const root = machine(t)
  symlinkSync('/dev/null', path.join(root, 'etc/systemd/system/kdump-tools.service'))
  assert.deepEqual(
    findRivals(root, () => false),
    [],
  )
  placeText(root, TOOLS, '[Unit]\n')
  symlinkSync(
    `/${TOOLS}`,
    path.join(root, 'etc/systemd/system/multi-user.target.wants/kdump-tools.service'),
  )
  assert.deepEqual(
    findRivals(root, () => false).map(({ isEnabled }) => isEnabled),
    [false],
  )
})
