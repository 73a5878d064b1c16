// The kernel's refusals in words: each errno with the facts that tell its causes apart.
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { test } from 'node:test'
import { HostError } from '../../core/base/errors.ts'
import { errnoName } from '../platform/syscalls.ts'
import { explainKexecError, readKexecFacts, type KexecFacts } from './kexec.ts'

const FACTS: KexecFacts = {
  lockdown: 'none',
  loadDisabled: false,
  isRoot: true,
  reservedBytes: 64 << 20,
  imageBytes: 70 << 20,
}

function explain(errno: string, facts: Partial<KexecFacts> = {}): string {
  return explainKexecError(new HostError(`kexec_file_load: ${errno}`, errno), {
    ...FACTS,
    ...facts,
  })
}

test('EPERM names who forbids it', () => {
  assert.match(explain('EPERM', { isRoot: false }), /run as root/)
  assert.match(explain('EPERM', { loadDisabled: true }), /kexec_load_disabled/)
  assert.match(explain('EPERM', { lockdown: 'integrity' }), /locked down \(integrity\)/)
  assert.match(explain('EPERM'), /CAP_SYS_BOOT/)
})

test('a reservation that is too small is told in megabytes', () => {
  assert.match(
    explain('EADDRNOTAVAIL'),
    /reservation \(64 MB\) has no room for kernel and initramfs \(70 MB\)/,
  )
})

test('signature errors of the key subsystem have names and remedies', () => {
  for (const [number, name] of [
    [126, 'ENOKEY'],
    [129, 'EKEYREJECTED'],
    [74, 'EBADMSG'],
    [65, 'ENOPKG'],
    [80, 'ELIBBAD'],
  ] as const) {
    assert.equal(errnoName(number), name)
    assert.match(explain(name), new RegExp(`^${name}: .*: `))
  }
})

test("an errno without an explanation keeps the call's own message", () => {
  assert.equal(explain('EIO'), 'kexec_file_load: EIO')
})

test('facts come from sysfs and procfs', () => {
  const root = mkdtempSync(path.join(os.tmpdir(), 'kbox-test-'))
  try {
    mkdirSync(path.join(root, 'sys/kernel/security'), { recursive: true })
    writeFileSync(
      path.join(root, 'sys/kernel/security/lockdown'),
      'none [integrity] confidentiality\n',
    )
    mkdirSync(path.join(root, 'proc/sys/kernel'), { recursive: true })
    writeFileSync(path.join(root, 'proc/sys/kernel/kexec_load_disabled'), '1\n')
    const facts = readKexecFacts(1, 2, root)
    assert.deepEqual([facts.lockdown, facts.loadDisabled], ['integrity', true])
  } finally {
    rmSync(root, { recursive: true })
  }
})
