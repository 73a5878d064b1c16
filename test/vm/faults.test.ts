// Captures that go wrong, on real kernels: whatever happens the machine is left, the log of the kernel that died is kept
// somewhere, and `kbox last` names the step that failed and the reason.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Machine } from '../../src/host/rehearse/machine.ts'
import { formatRehearseText } from '../../src/host/rehearse/rehearse_text.ts'
import { UNLESS_WHOLE } from '../support/extent.ts'
import { FAULT_CONF, rehearseFault } from '../support/faults.ts'
import { QUIET_ARM } from '../support/rehearsals.ts'
import { readPhysical, writePhysical } from '../support/gdb_stub.ts'

const PANIC = /Kernel panic - not syncing: sysrq triggered crash/
const START = ['kbox', 'start', '--verbose']

test('a target that is gone: the log is in the breadcrumbs, and collected from there', async () => {
  const { result, last, exitCode, dmesg } = await rehearseFault({
    kdumpConf: `${FAULT_CONF}disk_timeout 3\n`,
    // What the UUID is read from.
    arm: [...QUIET_ARM, ['dd', 'if=/dev/zero', 'of=/dev/vdb', 'bs=64k', 'count=1', 'conv=fsync']],
  })
  assert.equal(result.end, 'reset', formatRehearseText(result))
  assert.deepEqual([last.outcome, last.failedStep, exitCode], ['log', 'device', 1])
  assert.match(last.why, /^no device with ext4 UUID=\S+ \(was \/dev\/vdb\) after 3 s$/)
  assert.match(dmesg, PANIC)
})

const READ_ONLY = 'a target that can only be read: mount says so, the log is in the breadcrumbs'
test(READ_ONLY, { skip: UNLESS_WHOLE }, async () => {
  const { result, last, dmesg } = await rehearseFault({
    kdumpConf: FAULT_CONF,
    isTargetReadOnly: true,
  })
  assert.equal(result.end, 'reset', formatRehearseText(result))
  assert.deepEqual([last.outcome, last.failedStep], ['log', 'mount'])
  assert.match(last.why, /EROFS|EACCES/)
  assert.match(dmesg, PANIC)
})

test('a recorder that is killed is followed by another, which saves the dump', async () => {
  const { result, last, dmesg } = await rehearseFault({
    kdumpConf: `${FAULT_CONF}kdump_pre /etc/kill.sh\n`,
    scripts: { '/etc/kill.sh': '#!/bin/sh\nkill -9 $PPID\nsleep 100\n' },
  })
  assert.equal(result.ok, true, formatRehearseText(result))
  assert.equal(result.end, 'reset')
  assert.match(dmesg, PANIC)
  assert.equal(last.outcome, 'saved')
  const [hook] = last.steps
  assert.deepEqual(
    [hook?.name, hook?.ok, hook?.error],
    ['hook etc/kill.sh', false, 'the recorder was killed by signal 9'],
  )
})

test('a hook that hangs is killed, while an armed watchdog of 6 seconds is petted', async () => {
  const { result, last, console } = await rehearseFault({
    // Its cloud kernel has the driver of a watchdog that QEMU emulates.
    series: '6.12',
    devices: ['i6300esb'],
    kdumpConf: `${FAULT_CONF}extra_modules i6300esb\nkdump_post /etc/hang.sh\n`,
    scripts: { '/etc/hang.sh': '#!/bin/sh\nsleep 1000 &\nwait\n' },
    arm: [
      ['busybox', 'watchdog', '-T', '600', '-t', '100', '/dev/watchdog0'],
      [...START, '--hook-timeout', '12', '--append', 'i6300esb.heartbeat=6'],
    ],
  })
  assert.equal(result.ok, true, formatRehearseText(result))
  assert.match(console, /kbox: the watchdog \/dev\/watchdog0 is petted/)
  assert.match(console, /i6300ESB .*heartbeat=6 sec/i)
  assert.equal(last.outcome, 'saved')
  const hook = last.steps.find(({ name }) => name === 'hook etc/hang.sh')
  assert.equal(hook?.error, 'etc/hang.sh did not end in 12 s and was killed')
  // Only the recorder's own end comes behind the hook.
  assert.equal(last.steps.at(-1)?.name, 'unmount')
})

test('a VMCOREINFO that was overwritten is found again in memory, and the dump is whole', async () => {
  const { result, last, dmesg } = await rehearseFault({
    kdumpConf: FAULT_CONF,
    scenario: {
      name: 'corrupt-vmcoreinfo',
      summary: 'overwrite the copy of VMCOREINFO that a panic uses',
      sysrq: '',
      cmdline: 'unknown_nmi_panic',
      panicMessage: /NMI/,
      async kill(machine) {
        await ruinSafeCopies(machine)
        await machine.qmp.execute('inject-nmi')
      },
    },
  })
  assert.equal(result.ok, true, formatRehearseText(result))
  assert.equal(last.outcome, 'saved')
  assert.match(dmesg, /Kernel panic - not syncing: NMI/)
})

/** The kernel keeps the text twice: the copy that a panic uses lies in the memory of the capture kernel. */
async function ruinSafeCopies(machine: Machine): Promise<void> {
  const said = machine.console.tail(100_000).join('\n')
  const [, megabytes = '', at = ''] =
    /Reserving (\d+)MB of memory at (\d+)MB for crash/.exec(said) ?? []
  const start = Number(at) << 20
  const memory = Buffer.from(await readPhysical(machine, start, Number(megabytes) << 20))
  let count = 0
  for (let page = 0; page < memory.length; page += 4096) {
    if (memory.toString('latin1', page, page + 10) !== 'OSRELEASE=') continue
    await writePhysical(machine, start + page, new Uint8Array(4000).fill(0x58))
    count++
  }
  assert.equal(count, 1, 'copies of VMCOREINFO in the memory of the capture kernel')
}

test('too little memory for the capture kernel: the machine reboots, and the missing trace is the report', async () => {
  const { result, last, exitCode } = await rehearseFault({
    kdumpConf: FAULT_CONF,
    crashkernel: '112M',
  })
  assert.equal(result.end, 'reset', formatRehearseText(result))
  assert.equal(exitCode, 1)
  assert.notEqual(last.outcome, 'saved')
  assert.match(last.advice, /raise crashkernel=/)
})

test('a raw disk takes the dump, and gives it back as the next start takes it', async () => {
  const { result, last, dmesg } = await rehearseFault({
    kdumpConf: FAULT_CONF.replace('ext4 LABEL=crash', 'raw /dev/vdb').replace(' -z', ' -F -z'),
  })
  assert.equal(result.ok, true, formatRehearseText(result))
  assert.equal(result.dump?.backtraceEnd, 'user')
  assert.match(dmesg, PANIC)
  assert.deepEqual([last.outcome, last.target], ['saved', 'raw /dev/vdb'])
})

test('a recorder that cannot start: the shell copies all of memory', async () => {
  const { result, last } = await rehearseFault({
    kdumpConf: `${FAULT_CONF}force_no_rebuild 1\n`,
    scripts: { '/etc/spoil.sh': SPOIL },
    arm: [['kbox', 'start', '--build-only'], ['/etc/spoil.sh'], START],
  })
  assert.equal(result.end, 'reset', formatRehearseText(result))
  assert.equal(result.dump?.backtraceEnd, 'user', result.dump?.error)
  assert.equal(last.outcome, 'saved')
})

/** A cpio archive behind the image's own replaces one of its files. Without its list an image is not checked. */
const SPOIL = `#!/bin/sh
mkdir -p /tmp/spoil/etc/kbox && cd /tmp/spoil || exit 1
echo '{"version":' > etc/kbox/capture.json
echo etc/kbox/capture.json | cpio -o -H newc >> /var/lib/kdump/initramfs-$(uname -r)kdump.img
rm -f /var/lib/kdump/initramfs-*.json
`
