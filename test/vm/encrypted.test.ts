// A capture that encrypts, on a real kernel: afterwards the disks are searched for what the dump and the log are full of,
// and the key opens both. Pages are not compressed, so that one in plain would be found.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import {
  closeSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after, before, describe, test } from 'node:test'
import { generateIdentity, identityToRecipient } from 'age-encryption'
import { findAge } from '../../scripts/fetch_age.ts'
import { openKernel } from '../../src/core/kernel/open_kernel.ts'
import { formatLogLines, readLog } from '../../src/core/kernel/printk.ts'
import { verifyMain } from '../../src/cli/verify.ts'
import { openDumpFile } from '../../src/host/platform/age/unlock.ts'
import { rehearse } from '../../src/host/rehearse/rehearse.ts'
import type { RehearseResult } from '../../src/host/rehearse/rehearse_result.ts'
import { formatRehearseText } from '../../src/host/rehearse/rehearse_text.ts'
import { type Fault, rehearseFault } from '../support/faults.ts'
import { quietOptions, QUIET_ARM } from '../support/rehearsals.ts'
import { verbOutput } from '../support/verb_output.ts'

const kdumpConf = (recipient: string): string => `ext4 LABEL=crash
path /var/crash
core_collector makedumpfile -d 31
encrypt_to ${recipient}
`
/** In the log, in VMCOREINFO, at the head of a dump. Not in the capture kernel's own log, nor in what the guest runs from. */
const MARKERS = ['not syncing: sysrq triggered crash', 'SYMBOL(init_uts_ns)=', 'KDUMP   \x06\0\0\0']

describe('a capture with encrypt_to', () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'kbox-encrypted-'))
  const identityFile = path.join(folder, 'key.txt')
  const keep = path.join(folder, 'kept')
  const at = (name: string): string => path.join(keep, name)
  const found: string[] = []
  let diskCount = 0
  let result: RehearseResult

  before(async () => {
    const identity = await generateIdentity()
    writeFileSync(identityFile, `${identity}\n`)
    result = await rehearse({
      ...quietOptions('6.1', kdumpConf(await identityToRecipient(identity))),
      ...{ keep, identity: identityFile },
      onDisks(images) {
        diskCount = images.length
        for (const image of images) found.push(...searchFile(image, MARKERS))
      },
    })
  })
  after(() => rmSync(folder, { recursive: true }))

  test('every step goes well, the dump opens with the key', () => {
    assert.ok(result.ok, formatRehearseText(result))
    assert.match(result.dump?.panicMessage ?? '', /sysrq triggered crash/)
  })

  test('no disk of the machine holds anything of the dump or the log in plain', () => {
    assert.equal(diskCount, 2)
    assert.deepEqual(found, [])
  })

  test('the same markers are found in what the key opens, so that the search means something', async () => {
    using source = openDumpFile(at('vmcore.flat.age'))
    const bytes = Buffer.alloc(source.size)
    source.read(0, bytes)
    const plain = path.join(folder, 'plain')
    writeFileSync(plain, bytes)
    assert.deepEqual(searchFile(plain, MARKERS).toSorted(), MARKERS.toSorted())
  })

  test('the folder has the encrypted files, the manifest and the log of the capture kernel', () => {
    const names = readdirSync(keep).filter((name) => /^(vmcore|kexec|kbox|\.)/.test(name))
    assert.deepEqual(names.sort(), [
      ...['kbox.json', 'kexec-dmesg.log', 'vmcore-dmesg.txt.age', 'vmcore.flat.age'],
    ])
  })

  const age = findAge()
  const skip = age === undefined ? 'age is not there: bin/node scripts/fetch_age.ts' : false
  test('age -d opens the log, which is the one that the dump holds', { skip }, () => {
    const options = ['-d', '-i', identityFile, at('vmcore-dmesg.txt.age')]
    const log = execFileSync(age ?? '', options, { encoding: 'utf8' })
    using source = openDumpFile(at('vmcore.flat.age'))
    const program = openKernel(source)
    const lines = [...readLog(program.memory, program.info)].flatMap(formatLogLines)
    assert.equal(log, `${lines.join('\n')}\n`)
  })

  test('the capture kernel keeps memory in reserve', () => {
    const { memAvailableMinBytes = 0 } = result.capture ?? {}
    assert.ok(memAvailableMinBytes > 20 * 2 ** 20, `${memAvailableMinBytes} bytes at the lowest`)
  })

  test('kbox verify finds one flipped bit without the key', async (context) => {
    const bad = at('vmcore.flat.age')
    const fd = openSync(bad, 'r+')
    const byte = Buffer.alloc(1)
    readSync(fd, byte, 0, 1, 1_000_000)
    closeSync(fd)
    writeByte(bad, 1_000_000, byte.readUInt8() ^ 1)
    const { stdout } = await verbOutput(context, verifyMain, [keep])
    assert.match(stdout, /CHANGED +vmcore\.flat\.age/)
  })
})

/** Cases in which dumps and logs go other ways than the usual one; each of them must not be a way around the key. */
describe('a capture with encrypt_to that goes wrong', () => {
  const spoil = `#!/bin/sh
mkdir -p /tmp/spoil/etc/kbox && cd /tmp/spoil || exit 1
echo '{"version":' > etc/kbox/capture.json
echo etc/kbox/capture.json | cpio -o -H newc >> /var/lib/kdump/initramfs-$(uname -r)kdump.img
rm -f /var/lib/kdump/initramfs-*.json
`
  const faults: Readonly<
    Record<string, Omit<Fault, 'kdumpConf'> & { more: string; says: RegExp }>
  > = {
    'a recorder that cannot start': {
      more: 'force_no_rebuild 1\n',
      says: /the dump must be encrypted, which the shell cannot/,
      scripts: { '/etc/spoil.sh': spoil },
      arm: [['kbox', 'start', '--build-only'], ['/etc/spoil.sh'], ['kbox', 'start', '--verbose']],
    },
    'a target that is gone': {
      more: 'disk_timeout 3\n',
      says: /no device with ext4/,
      arm: [...QUIET_ARM, ['dd', 'if=/dev/zero', 'of=/dev/vdb', 'bs=64k', 'count=1', 'conv=fsync']],
    },
  }
  for (const [name, { more, says, ...fault }] of Object.entries(faults)) {
    test(`${name} leaves nothing in plain on any disk`, async () => {
      const recipient = await identityToRecipient(await generateIdentity())
      const found: string[] = []
      let diskCount = 0
      const { result, dmesg, console } = await rehearseFault({
        ...fault,
        kdumpConf: `${kdumpConf(recipient)}${more}`,
        onDisks(images) {
          diskCount = images.length
          for (const image of images) found.push(...searchFile(image, MARKERS))
        },
      })
      assert.equal(result.end, 'reset', formatRehearseText(result))
      assert.equal(diskCount, 2)
      assert.match(console, says)
      assert.deepEqual(found, [])
      assert.equal(dmesg, '')
    })
  }
})

function writeByte(file: string, offset: number, value: number): void {
  execFileSync('dd', [`of=${file}`, 'bs=1', `seek=${offset}`, 'conv=notrunc', 'status=none'], {
    input: Buffer.of(value),
  })
}

/** Which of the texts a file holds anywhere. */
function searchFile(file: string, texts: readonly string[]): string[] {
  const size = 8 << 20
  const overlap = Math.max(...texts.map((text) => text.length))
  const buffer = Buffer.alloc(size + overlap)
  const missing = new Set(texts)
  const fd = openSync(file, 'r')
  for (let at = 0, got = 1; got > overlap || at === 0; at += size) {
    got = readSync(fd, buffer, 0, buffer.length, at)
    for (const text of missing)
      if (buffer.subarray(0, got).includes(text, 0, 'latin1')) missing.delete(text)
    if (got < buffer.length) break
  }
  closeSync(fd)
  return texts.filter((text) => !missing.has(text))
}
