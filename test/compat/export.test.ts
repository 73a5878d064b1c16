// A real dump exported: what crash says of it, and that the keys the kernel kept are not in it any more.
import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after, describe, test } from 'node:test'
import { cachePath } from '../../scripts/cache.ts'
import { forEachKey, userKeyPayload } from '../../src/core/kernel/keys.ts'
import { openKernel } from '../../src/core/kernel/open_kernel.ts'
import { panicMessage } from '../../src/core/kernel/panic.ts'
import { exportDump } from '../../src/host/control/evidence/export_dump.ts'
import { isUnchanged, verifyFolder } from '../../src/host/control/evidence/verify_folder.ts'
import { openFileSource } from '../../src/host/platform/file_source.ts'
import { registerNativeCodecs } from '../../src/host/platform/native_codecs.ts'

const vmcore = cachePath('dumps', '6.12', 'vmcore')
const skip = existsSync(vmcore) ? false : 'no dump: bin/node scripts/make_dump.ts 6.12'

describe('an exported dump', { skip }, () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'kbox-export-'))
  after(() => rmSync(folder, { recursive: true }))

  /** The bytes of every user and logon key. */
  function readKeys(file: string): string[] {
    registerNativeCodecs()
    const program = openKernel(openFileSource(file))
    using _dump = program.dump
    return [...forEachKey(program)].flatMap((key) => {
      const payload = userKeyPayload(key)
      return payload
        ? [Buffer.from(program.memory.bytes(payload.address, payload.size)).toString('latin1')]
        : []
    })
  }

  test('tells the same story, without the keys', async () => {
    const out = path.join(folder, 'redacted')
    const { keys, problems } = await exportDump({
      vmcore,
      out,
      level: 31,
      redacts: true,
      hasDump: true,
    })
    assert.deepEqual(problems, [])
    const [original, exported] = [readKeys(vmcore), readKeys(path.join(out, 'vmcore'))]
    assert.ok(keys > 0 && original.length === keys, `${keys} keys`)
    for (const [i, text] of exported.entries()) {
      assert.notEqual(text, original[i])
      assert.match(text, /^X+$/)
    }
    const program = openKernel(openFileSource(path.join(out, 'vmcore')))
    assert.match(panicMessage(program), /sysrq triggered crash/)
    assert.ok(isUnchanged(verifyFolder(out)))
  })

  test('without --redact the report names the host, with it does not', async () => {
    const [plain, masked] = [path.join(folder, 'plain'), path.join(folder, 'masked')]
    await exportDump({ vmcore, out: plain, level: 31, redacts: false, hasDump: false })
    await exportDump({ vmcore, out: masked, level: 31, redacts: true, hasDump: false })
    const bytesIn = (out: string): number =>
      [...readFileSync(path.join(out, 'report.json'), 'utf8').matchAll(/"hex": "/g)].length
    assert.ok(bytesIn(plain) > 0)
    assert.equal(bytesIn(masked), 0)
    const read = (out: string): { system: { nodename: string } } =>
      JSON.parse(readFileSync(path.join(out, 'report.json'), 'utf8')) as never
    assert.notEqual(read(plain).system.nodename, '')
    assert.equal(read(masked).system.nodename, '[host-1]')
    assert.equal(existsSync(path.join(masked, 'vmcore')), false)
    assert.ok(existsSync(path.join(masked, 'redaction.json')))
  })
})
