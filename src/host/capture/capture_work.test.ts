// What the recorder makes of the collector's wishes, on a vmcore of a machine made by recipe; and what is done when a target
// does not take a dump: the next level, another upload, or no more.
import assert from 'node:assert/strict'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after, test } from 'node:test'
import { MemoryOutput } from '../../../test/support/memory_output.ts'
import { PageArrayMachine } from '../../../test/support/page_array_recipe.ts'
import { HostError } from '../../core/base/errors.ts'
import { openDump } from '../../core/dump/formats.ts'
import { memorySource } from '../../core/io/memory_source.ts'
import type { DumpOutput } from '../platform/dump_output.ts'
import { openFileOutput } from '../platform/file_output.ts'
import { type CaptureConfig, NO_HOOKS } from './capture_config.ts'
import { captureWork } from './capture_work.ts'
import { runDump } from './engine.ts'
import type { DumpFacts, DumpRun } from './supervisor.ts'

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'kbox-capture-work-'))
after(() => fs.rmSync(folder, { recursive: true }))
const vmcore = path.join(folder, 'vmcore')
await makeVmcore()

async function makeVmcore(): Promise<void> {
  const dump = new PageArrayMachine('6.12', '0x600-0x6ff zero\n0x900-0x9ff buddy 8').dump()
  const output = openFileOutput(vmcore, { overwrite: false })
  const options = { dump, outputs: [output], format: 'elf', level: 0 } as const
  await runDump({ ...options, codec: undefined, pageOrder: 'pfn' })
  output.close()
}

const CONFIG: CaptureConfig = {
  version: 2,
  targets: [],
  hooks: NO_HOOKS,
  failureAction: 'reboot',
  finalAction: 'reboot',
  codec: 'zlib',
  dumpLevels: [31],
  pageOrder: 'priority',
  deviceTimeoutMs: 1,
  hookTimeoutMs: 1,
  stallTimeoutMs: 1,
  overallTimeoutMs: 1,
  timeZone: 'UTC',
  release: '6.12.0',
}
const RUN: DumpRun = { onProgress: () => {}, isExpired: () => false }

async function dump(
  changes: Partial<CaptureConfig>,
  outputs: readonly MemoryOutput[] = [new MemoryOutput()],
): Promise<{ readonly facts: DumpFacts; readonly bytes: Uint8Array; readonly opened: number }> {
  let opened = 0
  const open = async (): Promise<MemoryOutput> => outputs[opened++] ?? new MemoryOutput()
  const facts = await captureWork.dump(vmcore, open, { ...CONFIG, ...changes }, RUN)
  return { facts, bytes: outputs[opened - 1]?.bytes ?? new Uint8Array(), opened }
}

const startsWith = (bytes: Uint8Array, text: string): boolean =>
  Buffer.from(bytes.subarray(0, text.length)).toString('latin1') === text

test('a dump is kdump-compressed, or ELF where the collector says -E', async () => {
  assert.ok(startsWith((await dump({})).bytes, 'KDUMP   '))
  const { facts, bytes } = await dump({ format: 'elf' })
  assert.equal(facts.problem, '')
  assert.ok(startsWith(bytes, '\x7fELF'))
})

/** Dies as a thread does that finds no memory: with an error, not with a problem. */
class DyingOutput extends MemoryOutput {
  override write(): number {
    throw new Error('a packing thread failed')
  }
}

test(
  'a dump that threads could not make is made once more without them',
  {
    skip: os.availableParallelism() < 2 ? 'one CPU: there are no threads' : false,
  },
  async () => {
    const good = new MemoryOutput()
    const { facts, opened } = await dump({ threads: 2 }, [new DyingOutput(), good])
    assert.deepEqual([facts.problem, opened], ['', 2])
    assert.ok(startsWith(good.bytes, 'KDUMP   '))
  },
)

test('without threads there is no second try', async () => {
  await assert.rejects(() => dump({}, [new DyingOutput(), new MemoryOutput()]), /packing thread/)
})

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
  const facts = await captureWork.dump(vmcore, open, { ...CONFIG, dumpLevels: [1, 31] }, RUN)
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
