// --vtop against makedumpfile's: pages of 4 KiB, 2 MiB, and addresses that end at each level.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { describe, test } from 'node:test'
import { peers } from '../../bench/peers.ts'
import { cachePath } from '../../scripts/cache.ts'
import { openKernel } from '../../src/core/kernel/open_kernel.ts'
import { formatVtop } from '../../src/host/capture/vtop.ts'
import { openFileSource } from '../../src/host/platform/file_source.ts'

for (const series of ['6.1', '6.12']) {
  const vmcore = cachePath('dumps', series, 'vmcore.elf')
  const skip = !fs.existsSync(vmcore) && `${vmcore} is missing: npm run vm makes it`
  for (const { name, command } of peers('makedumpfile')) {
    describe(`${series}: ${name}`, { skip }, () => {
      test('the steps of a translation are the same text', () => {
        const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'kbox-vtop-'))
        const program = openKernel(openFileSource(vmcore))
        const directMap = program.memory.u64(program.symbol('page_offset_base'))
        const module = program.modules[0]?.ranges[0]?.start ?? 0n
        const addresses = [
          ...[program.symbol('_text'), program.symbol('init_task') + 0x123n, module],
          ...[directMap + 0x10_0000n, directMap + 0x20_0000n, directMap + 2n ** 41n],
          ...[program.memory.u64(program.symbol('vmemmap_base')) + 64n],
          ...[0xffff_ffff_ffff_ffffn, 0x7f00_0000_0000n, 0xffff_ffff_fe00_0000n],
        ]
        for (const address of addresses) {
          const output = path.join(folder, 'dump')
          const options = [
            '-d',
            '31',
            '--message-level',
            '6',
            '--vtop',
            `0x${address.toString(16)}`,
          ]
          const result = spawnSync(command, [...options, vmcore, output], { encoding: 'latin1' })
          fs.rmSync(output, { force: true })
          const theirs = /\nTranslating [^]*?PHYSICAL\n.*\n\n/.exec(result.stdout)?.[0]
          const { text, problem } = formatVtop(program.dump, address)
          assert.equal(text, theirs)
          assert.equal(problem, /Can't get a valid .*/.exec(result.stderr)?.[0] ?? '')
        }
        fs.rmSync(folder, { recursive: true })
      })
    })
  }
}
