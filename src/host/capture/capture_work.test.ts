// What is done when a target does not take a dump: the next level, another upload, or no more.
import assert from 'node:assert/strict'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { MemoryOutput } from '../../../test/support/memory_output.ts'
import { PageArrayMachine } from '../../../test/support/page_array_recipe.ts'
import { HostError } from '../../core/base/errors.ts'
import { openDump } from '../../core/dump/formats.ts'
import { memorySource } from '../../core/io/memory_source.ts'
import type { DumpOutput } from '../platform/dump_output.ts'
import { openFileOutput } from '../platform/file_output.ts'
import { NO_HOOKS, type CaptureConfig } from './capture_config.ts'
import { captureWork } from './capture_work.ts'
import { runDump } from './engine.ts'

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'kbox-work-'))
after(() => fs.rmSync(folder, { recursive: true }))
const vmcore = path.join(folder, 'vmcore')

before(async () => {
  const machine = new PageArrayMachine('6.12', '0x700-0x7ff lru\n0xf00-0xfff zero')
  const output = openFileOutput(vmcore, { overwrite: true })
  await runDump({
    ...{ dump: machine.dump(), level: 0, codec: undefined, pageOrder: 'pfn', format: 'elf' },
    outputs: [output],
  })
  output.close()
})

const CONFIG: CaptureConfig = {
  ...{ version: 2, targets: [], hooks: NO_HOOKS, failureAction: 'reboot', finalAction: 'reboot' },
  ...{ codec: 'none', dumpLevels: [1, 31], pageOrder: 'priority', deviceTimeoutMs: 1000 },
  ...{ hookTimeoutMs: 1000, stallTimeoutMs: 1000, overallTimeoutMs: 1000, timeZone: 'UTC' },
  release: '6.12.0',
}

const RUN = { onProgress() {}, isExpired: () => false }

/** Takes `capacity` bytes; then its problem is of this errno. */
function failing(errno: string, capacity: number): DumpOutput {
  const inner = new MemoryOutput()
  let problem: HostError | undefined
  let taken = 0
  return {
    name: 'upload',
    get problem() {
      return problem
    },
    write(offset, bytes) {
      taken += bytes.length
      if (taken > capacity) problem ??= new HostError(`upload: ${errno}`, errno)
      return problem ? 0 : inner.write(offset, bytes)
    },
    truncate() {},
    async sync() {
      if (problem) throw problem
    },
    close() {},
  }
}

async function dumpTo(outputs: readonly DumpOutput[]) {
  const left = [...outputs]
  const open = async (): Promise<DumpOutput> => {
    const next = left.shift()
    assert.ok(next, 'opened once too often')
    return next
  }
  const facts = await captureWork.dump(vmcore, open, CONFIG, RUN)
  assert.deepEqual(left, [], 'not opened')
  return facts
}

test('an upload that is cut is begun anew, at the same level', async () => {
  const whole = new MemoryOutput()
  const facts = await dumpTo([failing('ERESTART', 200_000), whole])
  assert.equal(facts.problem, '')
  assert.equal(facts['dumpLevel'], 1)
  assert.deepEqual(facts['tried'], ['level 1: upload: ERESTART'])
  assert.equal(openDump(memorySource(whole.bytes)).incomplete, false)
})

test('an upload that is cut three times is given up', async () => {
  const facts = await dumpTo(Array.from({ length: 3 }, () => failing('ERESTART', 200_000)))
  assert.equal(facts.problem, 'upload: ERESTART')
  assert.equal(facts['dumpLevel'], 1)
})

test('a target that says only at the end that it is full gets the next level', async () => {
  const late = new MemoryOutput()
  const full: DumpOutput = {
    ...failing('ENOSPC', Infinity),
    async sync() {
      throw new HostError('upload: ENOSPC', 'ENOSPC')
    },
  }
  const facts = await dumpTo([full, late])
  assert.equal(facts.problem, '')
  assert.equal(facts['dumpLevel'], 31)
})

test('what neither another level nor another upload would help is the end', async () => {
  const facts = await dumpTo([failing('EACCES', 200_000)])
  assert.equal(facts.problem, 'upload: EACCES')
})
