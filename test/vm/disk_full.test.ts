// A target disk with less room than the dump needs: the log is saved, what fits of the dump is kept and opens, and the
// machine does not hang.
import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after, before, describe, test } from 'node:test'
import { openKernel } from '../../src/core/kernel/open_kernel.ts'
import { panicTask } from '../../src/core/kernel/panic.ts'
import { formatLogLines, readLog } from '../../src/core/kernel/printk.ts'
import { stackTrace } from '../../src/core/kernel/stack.ts'
import { openFileSource } from '../../src/host/platform/file_source.ts'
import { rehearse } from '../../src/host/rehearse/rehearse.ts'
import type { RehearseResult } from '../../src/host/rehearse/rehearse_result.ts'
import { formatRehearseText } from '../../src/host/rehearse/rehearse_text.ts'
import { UNLESS_WHOLE } from '../support/extent.ts'
import { rehearseOptions } from '../support/rehearsals.ts'

/** Everything but zero pages, uncompressed: some 300 MB of the guest's memory. */
const KDUMP_CONF = `ext4 LABEL=crash
path /var/crash
core_collector makedumpfile --message-level 7 -d 1
failure_action poweroff
final_action reboot
`
/** Room for what is written first, and no more. */
const DISK_SIZE = 144 * 2 ** 20

describe('a target disk that fills up', () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'kbox-full-'))
  const at = (name: string): string => path.join(folder, name)
  let result: RehearseResult

  before(async () => {
    result = await rehearse({
      ...rehearseOptions('6.1', KDUMP_CONF),
      targetSizeBytes: DISK_SIZE,
      takeTruth: false,
      keep: folder,
    })
  })
  after(() => rmSync(folder, { recursive: true }))

  const step = (name: string) => result.steps.find((candidate) => candidate.name === name)

  test('the step that fails is the dump, and it says why', () => {
    assert.equal(step('dmesg')?.ok, true, formatRehearseText(result))
    assert.equal(step('dump')?.ok, false)
    assert.match(step('dump')?.error ?? '', /no space|ENOSPC/i)
  })

  test('the machine is left as failure_action says', () => {
    assert.equal(step('reboot')?.ok, true)
    assert.equal(result.end, 'poweroff')
  })

  test('the log is whole, and what fits of the dump is kept under its unfinished name', () => {
    assert.match(
      readFileSync(at('vmcore-dmesg.txt'), 'utf8'),
      /Kernel panic - not syncing: sysrq triggered crash/,
    )
    assert.ok(existsSync(at('vmcore-incomplete')))
    assert.ok(!existsSync(at('vmcore')))
  })

  test('the manifest says that the dump is not complete', () => {
    assert.equal(result.capture?.complete, false)
    assert.ok(existsSync(at('kexec-dmesg.log')))
  })

  test('what was kept opens, with the whole log and the stack of the task that died', () => {
    using source = openFileSource(at('vmcore-incomplete'))
    const program = openKernel(source)
    assert.ok(program.dump.incomplete)
    const lines = [...readLog(program.memory, program.info)].flatMap(formatLogLines)
    assert.equal(`${lines.join('\n')}\n`, readFileSync(at('vmcore-dmesg.txt'), 'utf8'))
    const task = panicTask(program)
    assert.ok(task)
    assert.equal(stackTrace(program, task).end, 'user')
  })
})

describe('a target disk that only a higher dump level fits', { skip: UNLESS_WHOLE }, () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'kbox-ladder-'))
  after(() => rmSync(folder, { recursive: true }))

  test('the next level is tried, is whole, and what was tried is noted', async () => {
    const result = await rehearse({
      ...rehearseOptions('6.1', KDUMP_CONF.replace('-d 1', '-d 1,31')),
      targetSizeBytes: DISK_SIZE,
      takeTruth: false,
      keep: folder,
    })
    assert.equal(result.ok, true, formatRehearseText(result))
    assert.equal(result.capture?.complete, true)
    const manifest = readFileSync(path.join(folder, 'kbox.json'), 'utf8')
    assert.match(manifest, /"dumpLevel": 31/)
    assert.match(manifest, /"level 1: .*ENOSPC"/)
    using source = openFileSource(path.join(folder, 'vmcore'))
    assert.equal(openKernel(source).dump.incomplete, false)
  })
})
