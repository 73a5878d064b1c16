// The guide on a booted Debian: install, reserve, configure, enable, start, crash, and find the dump after the reboot. The
// commands are typed as the guide types them; the machine is a debootstrap root with systemd, kbox comes as the tarball. It
// dies as late as a machine can: when its shutdown has ended everything. backends.test.ts has one that dies at work.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after, before, describe, test } from 'node:test'
import { debianRoot, whyNoDebianRoot } from '../../scripts/debian_root.ts'
import { writeTarball } from '../../scripts/package.ts'
import { findPayload } from '../../src/host/control/install/payload.ts'
import { DebianGuest, type GuestOutput } from '../support/debian_guest.ts'
import { buildRuntimeImage } from '../support/runtime_image.ts'

const SERIES = '6.1'
const CONF = `path /var/crash
core_collector makedumpfile -c --message-level 1 -d 31
disk_timeout 30
default reboot
`

const OPERATIONAL = /^kdump: Kdump is operational$/m

describe('the guide on a booted Debian', { skip: whyNoDebianRoot() }, () => {
  let guest: DebianGuest
  const run = (command: string): Promise<GuestOutput> => guest.run(command)
  const output = async (command: string): Promise<string> => {
    const { code, output: text } = await run(command)
    assert.equal(code, 0, `${command}\n${text}`)
    return text
  }

  before(async () => {
    const scratch = mkdtempSync(path.join(os.tmpdir(), 'kbox-tarball-'))
    try {
      buildRuntimeImage()
      const source = writeTarball(findPayload(), true, scratch)
      guest = await DebianGuest.create({
        root: debianRoot({ packages: [], series: SERIES }),
        series: SERIES,
        files: [{ path: '/root/kbox.tar', source }],
      })
    } finally {
      rmSync(scratch, { recursive: true })
    }
    await guest.boot()
  })
  after(() => guest[Symbol.asyncDispose]())

  test('the tarball installs on a machine without Node, and says what is missing', async () => {
    assert.equal((await run('command -v node')).code, 127)
    await output('tar -C /root -xf /root/kbox.tar && rm /root/kbox.tar')
    assert.match(await output('/root/kbox-*/bin/kbox install'), /note: no memory is reserved/)
    await output('rm -r /root/kbox-*')
    assert.match(await output('kbox --version'), /^kbox \d/)
  })

  test('without crashkernel= the unit is skipped, not failed', async () => {
    await output('systemctl start kdump.service')
    const status = await run('systemctl show -p ActiveState -p ConditionResult kdump.service')
    assert.match(status.output, /ActiveState=inactive/)
    assert.match(status.output, /ConditionResult=no/)
    const { code, output: text } = await run('kdumpctl status')
    assert.equal(code, 3)
    assert.match(text, /^kdump: Kdump is not operational$/m)
    await guest.shutDown()
  })

  test('rebooted with crashkernel=, the reservation is in /proc/iomem', async () => {
    await guest.boot('crashkernel=192M')
    assert.match(
      await output('grep "Crash kernel" /proc/iomem'),
      /[\da-f]+-[\da-f]+ : Crash kernel/,
    )
  })

  test('configured, enabled and started, the unit is active (exited) and kdump operational', async () => {
    await output(`cat >/etc/kdump.conf <<'END'\n${CONF}END`)
    assert.match(await output('systemctl enable kdump.service'), /Created symlink/)
    await output('systemctl start kdump.service')
    const status = await output('systemctl status kdump')
    assert.match(status, /Active: active \(exited\)/)
    assert.match(status, /kdump: Starting kdump: \[OK\]/)
    assert.match(await output('kdumpctl status'), OPERATIONAL)
    await output('systemctl reload kdump.service')
    assert.match(await output('kdumpctl status'), OPERATIONAL)
  })

  test('systemd finds nothing wrong with the units, and waits for the network only for a network target', async () => {
    const verify =
      'systemd-analyze verify --man=no kdump.service kbox-collect.service kbox-report.service'
    assert.equal(await output(verify), '')
    const wants = async (conf: string): Promise<string> =>
      output(
        `cp /etc/kdump.conf /root; ${conf}; systemctl daemon-reload; ` +
          'systemctl show -P Wants kdump.service; cp /root/kdump.conf /etc',
      )
    assert.match(await wants('echo ssh user@host >>/etc/kdump.conf'), /network-online\.target/)
    assert.doesNotMatch(await wants(':'), /network-online/)
  })

  test('rebooted cleanly, it is armed by itself and no crash is told', async () => {
    assert.equal(await guest.crash('systemctl reboot'), 'reset')
    await guest.boot('crashkernel=192M')
    await output('systemctl is-system-running --wait')
    assert.match(await output('kdumpctl status'), OPERATIONAL)
    const { code, output: text } = await run('kbox last')
    assert.deepEqual([code, text], [3, 'no crash is known\n'])
  })

  test('crashed at the last moment of its shutdown, the machine resets by itself', async () => {
    // systemd-shutdown(8) runs it when all units are stopped and the root is mounted read-only.
    const script = '/usr/lib/systemd/system-shutdown/die'
    const text = '#!/bin/sh\\necho 1 >/proc/sys/kernel/sysrq; echo c >/proc/sysrq-trigger\\n'
    await output(`printf '${text}' >${script} && chmod 755 ${script}`)
    assert.equal(await guest.crash('systemctl reboot'), 'reset')
  })

  test('after the reboot it is armed again and the dump is there', async () => {
    await guest.boot('crashkernel=192M')
    await output('systemctl is-system-running --wait')
    assert.match(await output('systemctl status kdump.service'), /Active: active \(exited\)/)
    const files = (await output('ls -d /var/crash/*/*')).trim().split('\n')
    const stamp = String.raw`/var/crash/127\.0\.0\.1-\d{4}-\d\d-\d\d-\d\d:\d\d:\d\d`
    for (const name of ['vmcore', String.raw`vmcore-dmesg\.txt`])
      assert.ok(
        files.some((file) => new RegExp(`^${stamp}/${name}$`).test(file)),
        files.join('\n'),
      )
    const dmesg = await output('cat /var/crash/*/vmcore-dmesg.txt')
    assert.match(dmesg, /Kernel panic - not syncing: sysrq triggered crash/)
    assert.match(await output('kbox last'), /^dump +saved, whole$/m)
  })

  test('in the background its report is written, for root only, and the folder is as recorded', async () => {
    const isDone = '[ -e /var/crash/*/report.json ] || systemctl -q is-failed kbox-report.service'
    const wait = `timeout 900 sh -c 'until ${isDone}; do sleep 1; done'`
    const { code } = await guest.run(wait, 1_000_000)
    const journal = await output('journalctl -u kbox-report.service')
    assert.equal(code, 0, journal)
    assert.match(journal, /report: \/var\/crash\//)
    assert.match(await output('stat -c %a /var/crash/*/report.txt'), /^600$/m)
    assert.match(await output('cat /var/crash/*/report.txt'), /sysrq/)
    assert.match(await output('kbox verify /var/crash/*'), /as it was recorded/)
  })

  test('kbox crash opens it, without any debuginfo', async () => {
    const text = await output('cd /var/crash/*/ && kbox crash -c "bt" vmcore')
    assert.match(text, /#\d+ \[[\da-f]+\] sysrq_handle_crash at /)
    assert.match(text, /COMMAND: "die"/)
  })

  test('uninstalled, a machine that was armed by hand is disarmed too, and keeps its dump', async () => {
    const loaded = 'cat /sys/kernel/kexec_crash_loaded'
    await output('systemctl stop kdump.service')
    assert.equal(await output(loaded), '0\n')
    // A start that is ended has failed; of that too nothing may be left.
    await output('systemctl start --no-block kdump.service; sleep 1; systemctl stop kdump.service')
    assert.equal(await output('systemctl is-failed kdump.service'), 'failed\n')
    await output('kbox start')
    assert.equal(await output(loaded), '1\n')
    await output('kbox uninstall')
    assert.equal(await output(loaded), '0\n')
    assert.equal((await run('systemctl status kdump.service')).code, 4)
    assert.notEqual((await run('command -v kbox')).code, 0)
    await output('ls /var/crash/*/vmcore')
  })
})
