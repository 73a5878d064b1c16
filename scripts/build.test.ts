// The bundle as it is installed: built into a folder of its own, and run from there. Threads are files beside it.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after, test } from 'node:test'
import { PageArrayMachine } from '../test/support/page_array_recipe.ts'
import { readFrames } from '../test/support/page_states.ts'
import { openDump } from '../src/core/dump/formats.ts'
import { runDump } from '../src/host/capture/engine.ts'
import { openFileOutput } from '../src/host/platform/file_output.ts'
import { openFileSource } from '../src/host/platform/file_source.ts'
import { buildBundle } from './build.ts'

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'kbox-build-'))
after(() => fs.rmSync(folder, { recursive: true }))
const bundle = path.join(folder, 'bundle')
const vmcore = path.join(folder, 'vmcore')
const machine = new PageArrayMachine('6.12', '0x600-0x6ff lru\n0x700-0x7ff zero')

test('the bundle packs pages in threads, and says so when their file is gone', async () => {
  await buildBundle(bundle)
  const output = openFileOutput(vmcore, { overwrite: false })
  const options = { dump: machine.dump(), outputs: [output], format: 'elf', level: 0 } as const
  await runDump({ ...options, codec: undefined, pageOrder: 'pfn' })
  output.close()

  const states = [1, 2].map((threads) => {
    const { file, status, stderr } = makedumpfile(threads)
    assert.equal(stderr, '')
    assert.equal(status, 0)
    using dump = openDump(openFileSource(file))
    assert.equal(dump.incomplete, false)
    return readFrames(dump, machine.memory)
  })
  assert.deepEqual(states[1], states[0])

  fs.rmSync(path.join(bundle, 'page_worker.mjs'))
  const { status, stderr } = makedumpfile(2)
  assert.equal(status, 1)
  assert.match(stderr, /a packing thread failed: .*page_worker\.mjs/)
})

test('a script run from the bundle has the API of the bundle', () => {
  const code =
    "import { open, NotFoundError } from 'kbox'; console.log(typeof open, NotFoundError.name)"
  const run = spawnSync(process.execPath, [path.join(bundle, 'kbox.mjs'), 'run', '-e', code], {
    encoding: 'utf8',
  })
  assert.equal(run.stderr, '')
  assert.equal(run.stdout, 'function NotFoundError\n')
  const wrong = spawnSync(
    process.execPath,
    [path.join(bundle, 'kbox.mjs'), 'run', '-e', "import { open } from 'kbox'\nopen('absent')"],
    { encoding: 'utf8' },
  )
  assert.match(wrong.stderr, /^\[eval\]\.ts:2:1: HostError: absent: cannot open/)
})

interface Run {
  readonly file: string
  readonly status: number | null
  readonly stderr: string
}

function makedumpfile(threads: number): Run {
  const file = path.join(folder, `dump${threads}`)
  const options = ['-z', '-d', '31', '-f', '--message-level', '4', '--num-threads', `${threads}`]
  const { status, stderr } = spawnSync(
    process.execPath,
    [path.join(bundle, 'kbox.mjs'), 'makedumpfile', ...options, vmcore, file],
    { encoding: 'utf8' },
  )
  return { file, status, stderr }
}
