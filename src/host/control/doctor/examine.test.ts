// The doctor on trees of facts: a machine that is well, and the one change of it that makes each finding.
import assert from 'node:assert/strict'
import { chmodSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { after, test } from 'node:test'
import { makeMachineTree, TREE_RELEASE } from '../../../../test/support/machine_tree.ts'
import { makeKeyPair } from '../../target/ssh/ssh_key.ts'
import { CHECKS } from './checks.ts'
import { examine } from './examine.ts'
import { admit } from './patient.ts'

const RELEASE = TREE_RELEASE
const IMAGE = `var/lib/kdump/initramfs-${RELEASE}kdump.img`
const HOST_KEY = makeKeyPair('').publicText.split(' ')[1]
const RO = 'ro,relatime shared:1 - ext4 /dev/vda1 ro'

/** A small guest, armed and well. */
const HEALTHY: Readonly<Record<string, string>> = {
  'etc/kdump.conf': 'path /var/crash\n',
  'usr/lib/kbox/runtime.squashfs': '',
  'usr/lib/kbox/busybox': '',
  'proc/sys/kernel/kexec_load_disabled': '0',
  'proc/sys/kernel/unknown_nmi_panic': '0',
  'proc/cmdline': 'BOOT_IMAGE=/vmlinuz root=/dev/vda1 ro crashkernel=192M',
  'proc/meminfo':
    'MemTotal:  2000000 kB\nSlab:   50000 kB\nCached: 900000 kB\nAnonPages: 100000 kB',
  'proc/cpuinfo': 'processor\t: 0\ninitial apicid\t: 0\nflags\t\t: fpu vme de pse tsc\n',
  'proc/net/route': 'Iface\tDestination\nens3\t00000000\n',
  'proc/net/ipv6_route': '',
  'sys/kernel/kexec_crash_loaded': '1',
  'sys/kernel/kexec_crash_size': String(192 * 2 ** 20),
  'sys/kernel/security/lockdown': '[none] integrity confidentiality',
  'sys/module/kernel/parameters/crash_kexec_post_notifiers': 'N',
  'sys/class/watchdog/watchdog0/state': 'inactive',
  'sys/devices/system/memory/memory0/state': 'online',
  'sys/devices/system/memory/crash_hotplug': '1',
  'sys/fs/pstore/': '',
  'sys/class/dmi/id/sys_vendor': 'QEMU',
  'var/crash/': '',
  [IMAGE]: 'image',
  'kbox-facts/free': '/var/crash 4000000000',
  'kbox-facts/dmesg': '[    0.000000] Linux version 6.1',
}

/** What is changed to make a finding, `undefined` for a file that is missing. */
interface Ailment {
  readonly id: string
  readonly severity: string
  readonly facts: Readonly<Record<string, string | undefined>>
  readonly evidence: RegExp
  readonly fix: RegExp
}

const KEY = 'root/.ssh/kdump_id_rsa'
/** A machine that sends its dumps to another one. */
const SSH = {
  'etc/kdump.conf': 'ssh kdump@192.0.2.1\n',
  [KEY]: 'key',
  'root/.ssh/known_hosts': `192.0.2.1 ssh-ed25519 ${HOST_KEY}\n`,
}
const MANIFEST = JSON.stringify({
  ...{ version: 2, target: 'ext4 /dev/vda1', release: RELEASE, complete: false },
  capturedAt: '2026-11-20T10:00:00.000Z',
  steps: [{ name: 'dump', startMs: 1, ms: 5, ok: false, error: 'ENOSPC', memAvailableMinBytes: 1 }],
  memAvailableMinBytes: 1,
  files: { 'vmcore-incomplete': { sizeBytes: 7 } },
  dump: {},
})
const AILMENTS: readonly Ailment[] = [
  {
    id: 'config-missing',
    severity: 'error',
    facts: { 'etc/kdump.conf': undefined },
    evidence: /etc\/kdump\.conf/,
    fix: /write \/etc\/kdump\.conf/,
  },
  {
    id: 'config-invalid',
    severity: 'error',
    facts: { 'etc/kdump.conf': 'path /var/crash\nfailure_action jump\n' },
    evidence: /kdump\.conf:2:16/,
    fix: /kbox config check/,
  },
  {
    id: 'kernel-unsupported',
    severity: 'error',
    facts: { 'sys/kernel/kexec_crash_loaded': undefined },
    evidence: /CONFIG_CRASH_DUMP/,
    fix: /distribution's kernel/,
  },
  {
    id: 'no-reservation',
    severity: 'error',
    facts: {
      'sys/kernel/kexec_crash_loaded': '0',
      'sys/kernel/kexec_crash_size': '0',
      'proc/cmdline': 'root=/dev/vda1 crashkernel=auto',
    },
    evidence: /crashkernel=auto/,
    fix: /write a size/,
  },
  {
    id: 'reservation-small',
    severity: 'error',
    facts: { 'sys/kernel/kexec_crash_size': String(48 * 2 ** 20) },
    evidence: /48 MB are reserved/,
    fix: /reserve \d+ MB or more/,
  },
  {
    id: 'not-loaded',
    severity: 'error',
    facts: { 'sys/kernel/kexec_crash_loaded': '0' },
    evidence: /kexec_crash_loaded is 0/,
    fix: /kbox start/,
  },
  {
    id: 'load-disabled',
    severity: 'warning',
    facts: { 'proc/sys/kernel/kexec_load_disabled': '1' },
    evidence: /kexec_load_disabled is 1/,
    fix: /sysctl/,
  },
  {
    id: 'lockdown',
    severity: 'warning',
    facts: {
      'sys/kernel/security/lockdown': 'none [integrity] confidentiality',
    },
    evidence: /lockdown: integrity/,
    fix: /signed kernel/,
  },
  {
    id: 'start-fails',
    severity: 'error',
    facts: { 'proc/cmdline': `root=/dev/vda1 crashkernel=192M ${'x'.repeat(1990)}` },
    evidence: /bytes/,
    fix: /what to do/,
  },
  {
    id: 'start-warns',
    severity: 'warning',
    facts: { 'etc/kdump.conf': 'path /var/crash\nextra_modules nosuch\n' },
    evidence: /Module nosuch not found/,
    fix: /see each/,
  },
  {
    id: 'stale-image',
    severity: 'warning',
    facts: {
      [`${IMAGE}.json`]: JSON.stringify({
        ...{ version: 1, release: RELEASE, backend: 'builtin' },
        inputs: [
          { name: '/etc/kdump.conf', sizeBytes: 16, sha256: 'b51ce' },
          { name: '/gone', sizeBytes: 0, sha256: '' },
        ],
      }),
    },
    evidence: /^\/etc\/kdump\.conf$/,
    fix: /kbox restart/,
  },
  {
    id: 'image-readable',
    severity: 'warning',
    facts: { [`${IMAGE} 644`]: 'image' },
    evidence: /mode 644/,
    fix: /chmod 600/,
  },
  {
    id: 'image-modules',
    severity: 'error',
    facts: { [`lib/modules/${RELEASE}/modules.dep`]: undefined },
    evidence: /modules\.dep is not there/,
    fix: /reboot into the kernel/,
  },
  {
    id: 'target-missing',
    severity: 'error',
    facts: { 'etc/kdump.conf': 'path /var/crash\next4 UUID=1-2-3\n' },
    evidence: /by-uuid\/1-2-3 \(kdump\.conf line 2\)/,
    fix: /correct the device/,
  },
  {
    id: 'target-missing',
    severity: 'error',
    facts: { 'etc/kdump.conf': 'path /srv/dumps\n' },
    evidence: /Dump path \/srv\/dumps does not exist\./,
    fix: /mkdir -p \/srv\/dumps/,
  },
  {
    id: 'target-unsupported',
    severity: 'error',
    facts: { 'proc/self/mountinfo': '22 1 0:2 / / rw - tmpfs tmpfs rw' },
    evidence: /tmpfs/,
    fix: /name a disk file system/,
  },
  {
    id: 'target-read-only',
    severity: 'warning',
    facts: { 'proc/self/mountinfo': `22 1 254:1 / / ${RO}` },
    evidence: /\bro\b/,
    fix: /fsck/,
  },
  {
    id: 'target-encrypted',
    severity: 'error',
    facts: {
      'proc/self/mountinfo': '22 1 253:0 / / rw - ext4 /dev/mapper/vg-root rw',
      'dev/mapper/vg-root -> ': '../dm-1',
      'dev/dm-1': '',
      'sys/class/block/dm-1/dm/uuid': 'LVM-abc',
      'sys/class/block/dm-1/slaves/dm-0': '',
      'sys/class/block/dm-0/dm/uuid': 'CRYPT-LUKS2-0123-luks',
    },
    evidence: /dm-1: CRYPT-LUKS2/,
    fix: /plain partition/,
  },
  {
    id: 'target-space',
    severity: 'warning',
    facts: { 'kbox-facts/free': '/var/crash 1000000' },
    evidence: /page array/,
    fix: /remove old dumps/,
  },
  {
    id: 'notifiers-first',
    severity: 'warning',
    facts: { 'sys/module/kernel/parameters/crash_kexec_post_notifiers': 'Y' },
    evidence: /not on the command line/,
    fix: /without crash_kexec_post_notifiers/,
  },
  {
    id: 'watchdog-short',
    severity: 'warning',
    facts: {
      'sys/class/watchdog/watchdog0/state': 'active',
      'sys/class/watchdog/watchdog0/timeout': '10',
      'sys/class/watchdog/watchdog0/identity': 'iTCO_wdt',
    },
    evidence: /timeout 10/,
    fix: /20 s or more/,
  },
  {
    id: 'pstore-full',
    severity: 'warning',
    facts: { 'sys/fs/pstore/dmesg-efi-1': '' },
    evidence: /dmesg-efi-1/,
    fix: /move them away/,
  },
  {
    id: 'hotplug-unseen',
    severity: 'warning',
    facts: {
      'sys/devices/system/memory/crash_hotplug': undefined,
      'sys/bus/acpi/devices/PNP0C80:00/': '',
    },
    evidence: /PNP0C80/,
    fix: /udev rule/,
  },
  {
    id: 'two-kdumps',
    severity: 'warning',
    facts: {
      'etc/systemd/system/multi-user.target.wants/kdump.service': '',
      'etc/systemd/system/multi-user.target.wants/kdump-tools.service': '',
    },
    evidence: /kdump-tools\.service/,
    fix: /systemctl disable/,
  },
  {
    id: 'last-capture-failed',
    severity: 'warning',
    facts: {
      'var/crash/127.0.0.1-2026-11-20-10:00:00/vmcore-incomplete': '',
      'var/crash/127.0.0.1-2026-11-20-10:00:00/kbox.json': MANIFEST,
    },
    evidence: /dump: ENOSPC/,
    fix: /./,
  },
  {
    id: 'retention',
    severity: 'warning',
    facts: Object.fromEntries(
      Array.from({ length: 12 }, (_, day) => [
        `var/crash/127.0.0.1-2026-11-${String(day + 10)}-10:00:00/vmcore`,
        '',
      ]),
    ),
    evidence: /2026-11-10-.* to .*2026-11-21/,
    fix: /remove/,
  },
  {
    id: 'no-route',
    severity: 'error',
    facts: { ...SSH, 'proc/net/route': 'Iface\tDestination\n' },
    evidence: /proc\/net\/route/,
    fix: /network-online/,
  },
  {
    id: 'ssh-key',
    severity: 'error',
    facts: { ...SSH, [KEY]: undefined },
    evidence: /kdump_id_rsa is not there/,
    fix: /kbox propagate/,
  },
  {
    id: 'ssh-key',
    severity: 'error',
    facts: { ...SSH, [`${KEY} 644`]: 'key' },
    evidence: /mode 644/,
    fix: /chmod 600/,
  },
  {
    id: 'ssh-host-key',
    severity: 'error',
    facts: { ...SSH, 'root/.ssh/known_hosts': '' },
    evidence: /known_hosts/,
    fix: /kbox propagate/,
  },
  {
    id: 'confidential-vm',
    severity: 'error',
    facts: { 'proc/cpuinfo': 'processor\t: 0\nflags\t\t: fpu tdx_guest\n' },
    evidence: /tdx_guest/,
    fix: /pstore/,
  },
]

const trees: string[] = []
after(() => trees.forEach((root) => rmSync(root, { recursive: true })))

/** Make the machine and change it; a name may end in `/` for a folder, in ` -> ` for a link, in a mode. */
function plant(facts: Readonly<Record<string, string | undefined>>): string {
  const { root } = makeMachineTree()
  trees.push(root)
  for (const [name, content] of Object.entries(facts)) {
    const [file = '', arrow] = name.split(' ')
    const at = path.join(root, file)
    if (content === undefined) {
      rmSync(at, { recursive: true, force: true })
      continue
    }
    mkdirSync(file.endsWith('/') ? at : path.dirname(at), { recursive: true })
    if (file.endsWith('/')) continue
    if (arrow === '->') symlinkSync(content, at)
    else writeFileSync(at, content)
    if (file === IMAGE || file === KEY)
      chmodSync(at, arrow === undefined ? 0o600 : Number.parseInt(arrow, 8))
  }
  return root
}

const found = async (root: string) =>
  examine(await admit(root)).filter(({ severity }) => severity !== 'note')

test('a machine that is well has no finding, and its platform is known', async () => {
  const root = plant(HEALTHY)
  assert.deepEqual(await found(root), [])
  const notes = examine(await admit(root)).map(({ id }) => id)
  assert.deepEqual(notes, ['cloud', 'nmi-trigger'])
})

for (const { id, severity, facts, evidence, fix } of AILMENTS) {
  test(`${id}: ${evidence.source}`, async () => {
    const findings = await found(plant({ ...HEALTHY, ...facts }))
    assert.deepEqual(
      findings.map((finding) => [finding.id, finding.severity]),
      [[id, severity]],
    )
    const [finding] = findings
    assert.match(finding?.evidence.join('\n') ?? '', evidence)
    assert.match(finding?.fix ?? '', fix)
  })
}

test('every finding that a check can have is provoked here', () => {
  const provoked = new Set(AILMENTS.map(({ id }) => id))
  const notes = ['cloud', 'nmi-trigger']
  const missing = CHECKS.flatMap(({ ids }) => ids).filter(
    (id) => !provoked.has(id) && !notes.includes(id),
  )
  assert.deepEqual(missing, [])
})

test('an export answers as the machine does', async () => {
  const root = plant({ ...HEALTHY, 'sys/kernel/kexec_crash_size': String(48 * 2 ** 20) })
  const patient = await admit(root)
  const findings = examine(patient)
  const copy = path.join(root, 'export')
  patient.facts.exportTo(copy)
  const again = examine(await admit(copy)).map(({ id }) => id)
  assert.ok(findings.length > 0)
  for (const { id } of findings.filter((finding) => finding.id !== 'reservation-small'))
    assert.ok(again.includes(id), id)
})
