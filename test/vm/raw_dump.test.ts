// Leaves in the cache what test/compat and bench/ work on: of each kernel a raw vmcore.elf, the vmcore that kbox made of
// the same memory in the capture kernel, and the truth about the guest.
import assert from 'node:assert/strict'
import path from 'node:path'
import { test } from 'node:test'
import { findCachedKernel } from '../../scripts/cache.ts'
import { openKernel } from '../../src/core/kernel/open_kernel.ts'
import { forEachTask } from '../../src/core/kernel/sched.ts'
import { openFileSource } from '../../src/host/platform/file_source.ts'
import { makeRawDump } from '../support/raw_dump.ts'

function readTasks(file: string): string[] {
  using source = openFileSource(file)
  const program = openKernel(source)
  return [...forEachTask(program)].map((task) => `${task.number('pid')} ${task.string('comm')}`)
}

/** These are not fetched by `make test`, or need not be there to be fetched. */
const OPTIONAL = ['5.10', 'sid', 'ubuntu-6.8']

for (const series of ['5.10', '6.1', '6.12', 'sid', 'ubuntu-6.8']) {
  const skip =
    OPTIONAL.includes(series) && !findCachedKernel(series)
      ? `not fetched: bin/node scripts/fetch_kernel.ts ${series}`
      : false
  test(
    `of one crash of ${series}, the raw vmcore and ours list the same tasks`,
    { skip },
    async () => {
      const folder = await makeRawDump(series)
      const raw = readTasks(path.join(folder, 'vmcore.elf'))
      assert.ok(raw.length > 50, `only ${raw.length} tasks`)
      assert.deepEqual(readTasks(path.join(folder, 'vmcore')), raw)
    },
  )
}
