// Leaves in the cache what test/compat/read_qemu.test.ts works on: dumps by QEMU, with and without VMCOREINFO, of a guest
// that is well and of one that has panicked.
import assert from 'node:assert/strict'
import { statSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { IS_WHOLE } from '../support/extent.ts'
import { makeQemuDumps, qemuDumpFolder } from '../support/qemu_dump.ts'

for (const series of IS_WHOLE ? ['6.1', '6.12'] : ['6.1']) {
  test(`QEMU dumps ${series} at three moments`, async () => {
    const { dumps } = await makeQemuDumps(series)
    const names = dumps.map(({ file }) => file)
    const least = [
      'plain.elf',
      'plain.kdump-zlib',
      'live.elf',
      'live.kdump-zlib',
      'panic.kdump-zlib',
    ]
    assert.deepEqual(
      least.filter((name) => !names.includes(name)),
      [],
    )
    for (const name of names)
      assert.ok(statSync(path.join(qemuDumpFolder(series), name)).size > 2 ** 24, name)
  })
}
