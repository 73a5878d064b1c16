// The harness itself: what it must find is found, and told so that it can be seen again. Each runs in a process of its own,
// as its tests fail.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { test } from 'node:test'
import { limitAllocations } from './limit_allocations.ts'
import { mutate, mutateText, Random } from './mutate.ts'

/** Run a target whose case is this code, with `random` and `mutate` at hand; returns what the test said. */
function runTarget(
  body: string,
  env: Readonly<Record<string, string>> = {},
  options = '{}',
): string {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'kbox-fuzz-'))
  try {
    const file = path.join(folder, 'target.test.ts')
    const lines = [
      `import { fuzz } from '${path.join(import.meta.dirname, 'fuzz.ts')}'`,
      `import { FormatError } from '${path.join(import.meta.dirname, '../../src/core/base/errors.ts')}'`,
      `import { mutate } from '${path.join(import.meta.dirname, 'mutate.ts')}'`,
      `fuzz('BTF', ${options}, (random) => { ${body} })`,
    ]
    writeFileSync(file, lines.join('\n'))
    const { NODE_TEST_CONTEXT, ...own } = process.env
    void NODE_TEST_CONTEXT
    const { stdout, stderr } = spawnSync(process.execPath, [file], {
      encoding: 'utf8',
      env: { ...own, KBOX_FUZZ_RUNS: '200', ...env },
    })
    return `${stdout}\n${stderr}`
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

const FAULT = 'if (mutate(new Uint8Array(8), random)[3] === 0xff) null.x'

test('a failure names its case, how to see it again, and the damage that is enough', () => {
  const output = runTarget(FAULT)
  const seed = /KBOX_FUZZ_FROM=(\d+) KBOX_FUZZ_RUNS=1 .*--test-name-pattern='\^BTF\$'/.exec(output)
  assert.ok(seed?.[1], output)
  assert.match(output, /BTF: case \d+: TypeError: Cannot read properties of null/)
  assert.match(output, /enough of the damage \(1 of \d+\):\s+0x[0-3] = [0-9a-f]*ff/)
  assert.match(runTarget(FAULT, { KBOX_FUZZ_FROM: seed[1], KBOX_FUZZ_RUNS: '1' }), /TypeError/)
})

test('allocations without a check, slow cases and inputs that are all refused fail', () => {
  assert.match(runTarget('new Uint8Array(2 ** 30)'), /BTF: case 0: Error: allocates 1073741824/)
  const many = 'for (let i = 0; i < 100; i++) new Float64Array(2 ** 20)'
  assert.match(runTarget(many), /allocates too much in all/)
  const slow = 'for (const end = Date.now() + 60; Date.now() < end;);'
  assert.match(runTarget(slow, {}, '{ caseMaxMs: 50 }'), /BTF: case 0: Error: takes \d+ ms/)
  const refusal = "throw new FormatError('vmcore', 0, 'no vmcore')"
  assert.match(runTarget(refusal), /BTF: every input was refused/)
})

test('a case that never ends is named, and its process ends', () => {
  const file = path.join(import.meta.dirname, 'hang_watch.ts')
  const program = `
    import { HangWatch } from '${file}'
    const watch = await HangWatch.start(300)
    watch.begin('BTF', 7)
    for (;;);`
  const { stderr, signal } = spawnSync(
    process.execPath,
    ['--input-type=module', '--eval', program],
    { encoding: 'utf8', timeout: 60_000 },
  )
  assert.match(stderr, /BTF: case 7 does not end \(KBOX_FUZZ_FROM=7 KBOX_FUZZ_RUNS=1\)/)
  assert.equal(signal, 'SIGKILL')
})

test('a budget of seconds ends a target', () => {
  const { KBOX_FUZZ_RUNS, ...env } = { KBOX_FUZZ_RUNS: '1000000000', KBOX_FUZZ_SECONDS: '0.2' }
  assert.match(runTarget('', { ...env, KBOX_FUZZ_RUNS }), /\d+ fuzz cases of BTF, 0 refused/)
})

test('leaving out a piece of damage leaves the others as they were', async () => {
  const bytes = new Uint8Array(64)
  for (let seed = 0; seed < 200; seed++) {
    const all = new Random(seed)
    mutate(bytes, all)
    mutateText('a=1\nb=2\nc=3', all)
    const last = all.edits.length - 1
    const fewer = new Random(seed, new Set([last]))
    mutate(bytes, fewer)
    mutateText('a=1\nb=2\nc=3', fewer)
    assert.deepEqual(fewer.edits, [...all.edits.slice(0, last), ''])
  }
  await limitAllocations(10, 20, () => void new Uint8Array(10))
})

test('constructors are the real ones again behind the limit', async () => {
  const before = Uint8Array
  await assert.rejects(
    limitAllocations(10, 20, () => void new Uint32Array(3)),
    { message: 'allocates 12 bytes' },
  )
  assert.equal(Uint8Array, before)
  assert.equal(new Uint8Array(100).length, 100)
})
