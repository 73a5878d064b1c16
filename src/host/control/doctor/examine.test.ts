// The doctor on trees of facts: a machine that is well, and the one change of it that makes each finding.
import assert from 'node:assert/strict'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { CHECKS } from './checks.ts'
import { examine } from './examine.ts'
import { admit } from './patient.ts'

const RELEASE = '6.1.0-56-cloud-amd64'
const IMAGE = `var/lib/kdump/initramfs-${RELEASE}kdump.img`
const RO = 'ro,relatime shared:1 - ext4 /dev/vda1 ro'

/** A small guest, armed and well. */
const HEALTHY: Readonly<Record<string, string>> = {
  'etc/kdump.conf': 'path /var/crash\n',
  'proc/sys/kernel/osrelease': RELEASE,
  'proc/sys/kernel/kexec_load_disabled': '0',
  'proc/sys/kernel/unknown_nmi_panic': '0',
  'proc/cmdline': 'BOOT_IMAGE=/vmlinuz root=/dev/vda1 ro crashkernel=192M',
  'proc/meminfo':
    'MemTotal:  2000000 kB\nSlab:   50000 kB\nCached: 900000 kB\nAnonPages: 100000 kB',
  'proc/cpuinfo': 'processor\t: 0\nflags\t\t: fpu vme de pse tsc\n',
  'proc/self/mountinfo': '22 1 254:1 / / rw,relatime shared:1 - ext4 /dev/vda1 rw',
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
  [`boot/vmlinuz-${RELEASE}`]: '',
  [`lib/modules/${RELEASE}/modules.dep`]: '',
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
    fix: /reserve 103 MB or more/,
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
      [`boot/vmlinuz-${RELEASE}`]: 'MZ'.padEnd(4096, '\0'),
    },
    evidence: /lockdown: integrity/,
    fix: /signed kernel/,
  },
  {
    id: 'cmdline-length',
    severity: 'error',
    facts: { 'proc/cmdline': `root=/dev/vda1 crashkernel=192M ${'x'.repeat(1990)}` },
    evidence: /bytes/,
    fix: /shorten/,
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
    facts: { 'var/crash/127.0.0.1-2026-11-20-10:00:00/vmcore-incomplete': '' },
    evidence: /2026-11-20-10:00:00\/vmcore-incomplete/,
    fix: /kbox last/,
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
    id: 'confidential-vm',
    severity: 'error',
    facts: { 'proc/cpuinfo': 'processor\t: 0\nflags\t\t: fpu tdx_guest\n' },
    evidence: /tdx_guest/,
    fix: /pstore/,
  },
]

/** Targets behind a network, which kdump.conf is given for. */
const NETWORK_AILMENTS: readonly Ailment[] = []

let folder = ''
before(() => void (folder = mkdtempSync(path.join(os.tmpdir(), 'kbox-doctor-'))))
after(() => rmSync(folder, { recursive: true }))

/** A name may end in `/` for a folder, in ` -> ` for a link, in a mode. */
function plant(facts: Readonly<Record<string, string | undefined>>): string {
  const root = mkdtempSync(path.join(folder, 'root-'))
  for (const [name, content] of Object.entries(facts)) {
    if (content === undefined) continue
    const [file = '', arrow] = name.split(' ')
    const at = path.join(root, file)
    mkdirSync(file.endsWith('/') ? at : path.dirname(at), { recursive: true })
    if (file.endsWith('/')) continue
    if (arrow === '->') symlinkSync(content, at)
    else writeFileSync(at, content)
    if (file === IMAGE) chmodSync(at, arrow === undefined ? 0o600 : Number.parseInt(arrow, 8))
  }
  return root
}

const found = (root: string) => examine(admit(root)).filter(({ severity }) => severity !== 'note')

test('a machine that is well has no finding, and its platform is known', () => {
  const root = plant(HEALTHY)
  assert.deepEqual(found(root), [])
  const notes = examine(admit(root)).map(({ id }) => id)
  assert.deepEqual(notes, ['cloud', 'nmi-trigger'])
})

for (const { id, severity, facts, evidence, fix } of AILMENTS) {
  test(`${id}: ${evidence.source}`, () => {
    const findings = found(plant({ ...HEALTHY, ...facts }))
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
  const provoked = new Set([...AILMENTS, ...NETWORK_AILMENTS].map(({ id }) => id))
  const notes = ['cloud', 'nmi-trigger']
  const missing = CHECKS.flatMap(({ ids }) => ids).filter(
    (id) => !provoked.has(id) && !notes.includes(id),
  )
  assert.deepEqual(missing, [])
})

test('an export answers as the machine does', () => {
  const root = plant({ ...HEALTHY, 'sys/kernel/kexec_crash_size': String(48 * 2 ** 20) })
  const patient = admit(root)
  const findings = examine(patient)
  const copy = path.join(folder, 'export')
  patient.facts.exportTo(copy)
  const again = examine(admit(copy)).map(({ id }) => id)
  assert.ok(findings.length > 0)
  for (const { id } of findings.filter((finding) => finding.id !== 'reservation-small'))
    assert.ok(again.includes(id), id)
})
