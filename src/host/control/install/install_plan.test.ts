// Machines are folders: what is in them before decides what an installation would do.
import assert from 'node:assert/strict'
import { symlinkSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import {
  placeText,
  smallPayload,
  type SmallPayload,
} from '../../../../test/support/small_payload.ts'
import { applyInstall } from './apply_install.ts'
import { conflicts, planInstall, type InstallPlan } from './install_plan.ts'

function plan({ payload, machine }: SmallPayload, prefix = '/usr', withNode = true): InstallPlan {
  return planInstall(payload, { root: machine, prefix, withNode, kbox: '0.1.0' })
}

function kinds({ actions }: InstallPlan): Readonly<Record<string, string>> {
  return Object.fromEntries(actions.map(({ kind, item }) => [item.path, kind]))
}

test('an empty machine gets everything', () => {
  using small = smallPayload()
  const all = kinds(plan(small))
  assert.deepEqual(new Set(Object.values(all)), new Set(['create']))
  for (const name of [
    'usr/bin/kbox',
    'usr/bin/kdumpctl',
    'usr/lib/kbox/kbox.mjs',
    'usr/lib/kbox/chunk-A.mjs',
    'usr/lib/kbox/node',
    'usr/lib/kbox/node_modules/koffi/index.js',
    'usr/lib/systemd/system/kdump.service',
    'usr/lib/systemd/system/kbox-collect.service',
    'usr/lib/systemd/system/kbox-report.service',
    'usr/lib/udev/rules.d/98-kbox.rules',
    'usr/lib/kernel/install.d/92-kbox-crashkernel.install',
    'usr/share/man/man8/kbox-start.8',
    'usr/share/bash-completion/completions/kbox',
    'etc/kdump.conf',
  ])
    assert.equal(all[name], 'create', name)
  assert.ok(
    !('usr/lib/kbox/node_modules/koffi/src/native.cc' in all),
    'the sources of koffi stay out',
  )
})

test('a machine with a Node that is new enough gets none', () => {
  using small = smallPayload()
  assert.ok(!('usr/lib/kbox/node' in kinds(plan(small, '/usr', false))))
})

test('installed once, everything is the same', () => {
  using small = smallPayload()
  applyInstall(plan(small))
  assert.deepEqual(new Set(Object.values(kinds(plan(small)))), new Set(['same']))
})

test('an older installation is replaced where it differs, and what it alone had is left over', () => {
  using old = smallPayload(['chunk-OLD.mjs'])
  applyInstall(plan(old))
  using next = smallPayload(['chunk-NEW.mjs'])
  placeText(next.payload.root, 'dist/bundle/kbox.mjs', 'new\n')
  const decided = plan({ ...next, machine: old.machine })
  assert.equal(kinds(decided)['usr/lib/kbox/kbox.mjs'], 'replace')
  assert.equal(kinds(decided)['usr/lib/kbox/chunk-NEW.mjs'], 'create')
  assert.deepEqual(
    decided.leftovers.map((file) => file.path),
    ['usr/lib/kbox/chunk-OLD.mjs'],
  )
})

test("somebody else's program is in the way, and is named", () => {
  using small = smallPayload()
  placeText(small.machine, 'usr/bin/kbox', 'another kbox\n')
  assert.deepEqual(conflicts(plan(small)), ['usr/bin/kbox'])
  assert.throws(() => applyInstall(plan(small)), /\/usr\/bin\/kbox belongs to somebody else/)
  assert.deepEqual(
    Object.values(kinds(plan(small))).filter((kind) => kind === 'same'),
    [],
  )
})

test("a user's kdump.conf stays, even one that we brought and that was edited", () => {
  using small = smallPayload()
  placeText(small.machine, 'etc/kdump.conf', 'path /srv\n')
  assert.equal(kinds(plan(small))['etc/kdump.conf'], 'keep')
  assert.ok(!plan(small).record.files.some((file) => file.path === 'etc/kdump.conf'))

  using fresh = smallPayload()
  applyInstall(plan(fresh))
  placeText(fresh.machine, 'etc/kdump.conf', 'path /srv\n')
  assert.equal(kinds(plan(fresh))['etc/kdump.conf'], 'keep')
})

test('kdumpctl is left to whoever has it, in whatever folder', () => {
  for (const name of ['usr/bin/kdumpctl', 'usr/sbin/kdumpctl']) {
    using small = smallPayload()
    placeText(small.machine, name, '#!/bin/bash\n')
    assert.equal(kinds(plan(small))['usr/bin/kdumpctl'], 'keep', name)
    assert.deepEqual(conflicts(plan(small)), [])
  }
})

test('where another package has kdump.service, ours is kbox.service and stops it first', () => {
  using small = smallPayload()
  placeText(small.machine, 'usr/lib/systemd/system/kdump.service', '[Unit]\n')
  const decided = plan(small)
  assert.equal(decided.unit, 'kbox.service')
  assert.deepEqual(conflicts(decided), [])
  const text = (name: string): string => {
    const item = decided.actions.map((action) => action.item).find(({ path: to }) => to === name)
    return item?.kind === 'text' ? item.text : ''
  }
  assert.match(
    text('usr/lib/systemd/system/kbox.service'),
    /^Conflicts=kdump-tools\.service kdump\.service /m,
  )
  assert.match(text('usr/lib/systemd/system-generators/kbox-generator'), /^unit=kbox\.service$/m)
  const hook = text('usr/lib/kernel/install.d/92-kbox-crashkernel.install')
  assert.match(hook, /is-enabled --quiet kbox\.service /)
  assert.match(decided.notes.join('\n'), /the unit of kbox is kbox\.service/)
  // Its own file is no rival the second time.
  applyInstall(decided)
  assert.deepEqual(
    plan(small).rivals.map(({ unit }) => unit),
    ['kdump.service'],
  )
})

test('our own kdump.service is no rival, also seen through /lib of a merged system', () => {
  using small = smallPayload()
  symlinkSync('usr/lib', path.join(small.machine, 'lib'))
  applyInstall(plan(small))
  assert.equal(plan(small).unit, 'kdump.service')
  assert.deepEqual(plan(small).rivals, [])
})

test('below another prefix nothing speaks of /usr, and units are where systemd looks', () => {
  using small = smallPayload()
  const decided = plan(small, '/opt/kbox')
  const all = kinds(decided)
  assert.equal(all['opt/kbox/bin/kbox'], 'create')
  assert.equal(all['etc/systemd/system/kdump.service'], 'create')
  for (const { item } of decided.actions)
    if (item.kind === 'text' && item.path !== 'opt/kbox/share/doc/kbox/copyright')
      assert.doesNotMatch(item.text, /\/usr\/(bin|lib)\/kbox\b/, item.path)
})

test('a machine that reserves no memory is told so', () => {
  using small = smallPayload()
  placeText(small.machine, 'proc/cmdline', 'root=/dev/vda quiet\n')
  assert.match(plan(small).notes.join('\n'), /no memory is reserved/)
  placeText(small.machine, 'proc/cmdline', 'root=/dev/vda crashkernel=256M\n')
  assert.deepEqual(plan(small).notes, [])
})
