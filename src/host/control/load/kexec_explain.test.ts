// The kernel's refusals in words: each errno with the facts that tell its causes apart, and where the facts come from.
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { HostError } from '../../../core/base/errors.ts'
import { errnoName } from '../../platform/syscalls.ts'
import { explainKexecError } from './kexec_explain.ts'
import { readKexecFacts, type KexecFacts } from './kexec_facts.ts'
import type { KernelFormat } from './kernel/kernel_format.ts'

const KERNEL: KernelFormat = {
  kind: 'bzImage',
  sizeBytes: 10 << 20,
  isSigned: true,
  signers: ['Vendor CA'],
  bzImage: { initSizeBytes: 0, cmdlineMax: 2047, problem: '' },
  beginsWith: '4d 5a',
}
const FACTS: KexecFacts = {
  lockdown: 'none',
  loadDisabled: false,
  isLimitReached: false,
  isRoot: true,
  hasCapability: true,
  secureBoot: undefined,
  imaAppraises: undefined,
  trustedKeys: [],
  reservedBytes: 64 << 20,
  imageBytes: 70 << 20,
  kernel: KERNEL,
}

function explain(errno: string, facts: Partial<KexecFacts> = {}): string {
  return explainKexecError(new HostError(`kexec_file_load: ${errno}`, errno), {
    ...FACTS,
    ...facts,
  })
}

test('EPERM names who forbids it', () => {
  const table: readonly (readonly [Partial<KexecFacts>, RegExp])[] = [
    [{ isRoot: false }, /run as root/],
    [{ loadDisabled: true }, /kexec_load_disabled is 1/],
    [{ hasCapability: false }, /CAP_SYS_BOOT is missing/],
    [{ isLimitReached: true }, /kexec_load_limit_panic is used up/],
    [{ lockdown: 'integrity' }, /locked down \(integrity\) and takes only signed kernels/],
    [{ imaAppraises: true }, /IMA's policy checks kernels/],
    [{}, /see the audit log/],
  ]
  for (const [facts, words] of table) assert.match(explain('EPERM', facts), words)
})

test('a refused signature tells who signed and whom the kernel believes', () => {
  const trustedKeys = ['Build key', 'MOK']
  assert.match(
    explain('ENOKEY', { trustedKeys, secureBoot: true }),
    /does not know \(its signature names Vendor CA; the kernel's keys are Build key, MOK; Secure Boot is on\): use/,
  )
  const unsigned = { ...KERNEL, isSigned: false, signers: [] }
  assert.match(explain('EKEYREJECTED', { kernel: unsigned }), /carries no signature/)
  assert.match(
    explain('EPERM', { kernel: unsigned, lockdown: 'integrity' }),
    /the file is not signed/,
  )
})

test('a reservation that is too small is told in megabytes', () => {
  const words = /reservation \(64 MB\) has no room for kernel and initramfs \(70 MB\)/
  assert.match(explain('EADDRNOTAVAIL'), words)
  assert.match(explain('ENOMEM'), words)
  assert.match(explain('EINVAL', { reservedBytes: 0 }), /no memory is reserved/)
})

test('a file the kernel does not take is named by its kind', () => {
  const kernel = (changes: Partial<KernelFormat>): Partial<KexecFacts> => ({
    kernel: { ...KERNEL, bzImage: undefined, ...changes },
  })
  assert.match(explain('ENOEXEC', kernel({ kind: 'zboot' })), /this kind of file \(zboot\)/)
  assert.match(explain('ENOEXEC', kernel({ kind: 'unknown' })), /no kernel \(it begins 4d 5a\)/)
  assert.match(
    explain('ENOEXEC', {
      kernel: { ...KERNEL, bzImage: { initSizeBytes: 0, cmdlineMax: 0, problem: 'it is odd' } },
    }),
    /cannot be booted: it is odd/,
  )
})

test('every errno of the signature checks has a name, a cause and a remedy', () => {
  for (const [number, name] of [
    [61, 'ENODATA'],
    [65, 'ENOPKG'],
    [74, 'EBADMSG'],
    [80, 'ELIBBAD'],
    [90, 'EMSGSIZE'],
    [126, 'ENOKEY'],
    [127, 'EKEYEXPIRED'],
    [128, 'EKEYREVOKED'],
    [129, 'EKEYREJECTED'],
  ] as const) {
    assert.equal(errnoName(number), name)
    assert.match(explain(name), new RegExp(`^${name}: .*: `))
  }
})

test("an errno without an explanation keeps the call's own message", () => {
  assert.equal(explain('EDOM'), 'kexec_file_load: EDOM')
})

let root = ''
const write = (name: string, content: string | Uint8Array): void => {
  mkdirSync(path.dirname(path.join(root, name)), { recursive: true })
  writeFileSync(path.join(root, name), content)
}
before(() => (root = mkdtempSync(path.join(os.tmpdir(), 'kbox-kexec-'))))
after(() => rmSync(root, { recursive: true }))

test('facts come from procfs, sysfs, efivarfs and the keyrings', () => {
  const guid = '8be4df61-93ca-11d2-aa0d-00e098032b8c'
  write('sys/kernel/security/lockdown', 'none [integrity] confidentiality\n')
  write('sys/kernel/security/ima/policy', 'appraise func=KEXEC_KERNEL_CHECK appraise_type=imasig\n')
  write('proc/sys/kernel/kexec_load_disabled', '1\n')
  write('proc/sys/kernel/kexec_load_limit_panic', '0\n')
  write('proc/self/status', 'Name:\tnode\nCapEff:\t000001ffffbfffff\n')
  write(`sys/firmware/efi/efivars/SecureBoot-${guid}`, Buffer.from([6, 0, 0, 0, 1]))
  write(`sys/firmware/efi/efivars/SetupMode-${guid}`, Buffer.from([6, 0, 0, 0, 0]))
  write(
    'proc/keys',
    '01c6dd2c I------     1 perm 1f030000     0     0 asymmetri Debian Secure Boot CA: 6ccece7e: X509.rsa 5cbb419ea1 []\n' +
      '02be2e4e I--Q---     7 perm 3f030000     0 65534 keyring   _uid.0: empty\n',
  )
  const facts = readKexecFacts(1, { bytes: 2, kernel: path.join(root, 'none') }, root)
  assert.deepEqual(
    { ...facts, isRoot: true },
    {
      lockdown: 'integrity',
      loadDisabled: true,
      isLimitReached: true,
      isRoot: true,
      // Bit 22 is clear.
      hasCapability: false,
      secureBoot: true,
      imaAppraises: true,
      trustedKeys: ['Debian Secure Boot CA'],
      reservedBytes: 1,
      imageBytes: 2,
      kernel: undefined,
    },
  )
})

test('a machine in setup mode enforces nothing', () => {
  const guid = '8be4df61-93ca-11d2-aa0d-00e098032b8c'
  write(`sys/firmware/efi/efivars/SetupMode-${guid}`, Buffer.from([6, 0, 0, 0, 1]))
  assert.equal(readKexecFacts(0, { bytes: 0 }, root).secureBoot, false)
  assert.equal(readKexecFacts(0, { bytes: 0 }, path.join(root, 'none')).secureBoot, undefined)
})
