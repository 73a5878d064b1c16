// -x and -g on real files: the right vmlinux, another's, and what makedumpfile -g writes of one.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { test } from 'node:test'
import { peers } from '../../bench/peers.ts'
import { cachePath, findCachedKernel } from '../../scripts/cache.ts'
import { VmcoreInfo } from '../../src/core/debuginfo/vmcoreinfo.ts'
import { openDump } from '../../src/core/dump/formats.ts'
import {
  applyVmcoreinfoFile,
  findVmlinuxMismatch,
  formatVmcoreinfoFile,
} from '../../src/host/capture/vmcoreinfo_file.ts'
import { openFileSource } from '../../src/host/platform/file_source.ts'

const vmcore = cachePath('dumps', '6.1', 'vmcore.elf')
const own = findCachedKernel('6.1')?.vmlinux ?? ''
const other = findCachedKernel('6.12')?.vmlinux ?? ''
const missing = [vmcore, own, other].find((file) => !fs.existsSync(file))
const skip = missing !== undefined && `missing: ${missing}`

test(
  'a vmlinux is the dumped kernel’s by build id, by release where there is none',
  { skip },
  () => {
    using dump = openDump(openFileSource(vmcore))
    const text = Buffer.from(dump.vmcoreinfo ?? '').toString('latin1')
    const old = { vmcoreinfo: Buffer.from(text.replace(/^BUILD-ID=.*\n/m, '')) }
    using same = openFileSource(own)
    using wrong = openFileSource(other)
    assert.equal(findVmlinuxMismatch(dump, same), '')
    assert.equal(findVmlinuxMismatch(old, same), '')
    assert.match(
      findVmlinuxMismatch(dump, wrong),
      /has build id [0-9a-f]{40}, the dump [0-9a-f]{40} /,
    )
    assert.match(findVmlinuxMismatch(old, wrong), /is of kernel 6\.12\S*, the dump of 6\.1\./)
  },
)

test('what makedumpfile -g writes of the vmlinux agrees with the dump', { skip }, (t) => {
  const [peer] = peers('makedumpfile')
  if (!peer) return t.skip('no makedumpfile')
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'kbox-vmlinux-'))
  try {
    const file = path.join(folder, 'info')
    spawnSync(peer.command, ['-g', file, '-x', own])
    using dump = openDump(openFileSource(vmcore))
    const applied = applyVmcoreinfoFile(dump, fs.readFileSync(file), file)
    assert.equal(applied.mismatch, '')
    const [info, expected] = [applied.vmcoreinfo, formatVmcoreinfoFile(dump)].map((bytes) =>
      VmcoreInfo.parse(bytes),
    )
    assert.ok(info && expected)
    // Since 4.15 the kernel says what mem_section points to, makedumpfile where it lies; it does not find the length
    // of node_data.
    const others = new Set(['SYMBOL(mem_section)', 'LENGTH(node_data)'])
    const keys = [...expected.entries.keys()].filter((key) => !others.has(key))
    const differ = keys.filter((key) => info.string(key) !== expected.string(key))
    assert.deepEqual(differ, [])
    assert.equal(applied.vmcoreinfo.length > formatVmcoreinfoFile(dump).length, true)
  } finally {
    fs.rmSync(folder, { recursive: true })
  }
})
