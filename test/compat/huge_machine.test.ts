// The simulated large machine is one that makedumpfile believes in: it counts the same classes, and writes the same
// bytes as we do.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after, test } from 'node:test'
import { peers } from '../../bench/peers.ts'
import { writeHugeMachine } from '../support/huge_machine.ts'
import { readRealPieces } from '../support/real_pieces.ts'

const KBOX = path.resolve(import.meta.dirname, '../../bin/kbox')
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'kbox-huge-'))
after(() => fs.rmSync(folder, { recursive: true }))
const vmcore = path.join(folder, 'vmcore')
const expected = writeHugeMachine(vmcore, 48 * 2 ** 30, readRealPieces())

test('kbox makedumpfile counts what the recipe says', () => {
  const report = run(`${KBOX} makedumpfile -z -d 31`, 'ours')
  assert.deepEqual(classCounts(report), recipeCounts())
  assert.equal(countOf(report, 'Original pages'), expected.existing)
})

for (const { name, command } of peers('makedumpfile')) {
  test(`${name} counts what the recipe says, heads of huge pages that show twice apart`, () => {
    const counts = recipeCounts()
    counts['User process data pages'] = expected.user + expected.repeatedHeads
    assert.deepEqual(classCounts(run(`${command} -d 31`, 'theirs')), counts)
  })

  test(`${name} writes the same bytes as kbox in frame order`, () => {
    run(`${command} -d 31`, 'theirs')
    run(`${KBOX} makedumpfile -d 31 --page-order pfn`, 'ours')
    const files = ['ours', 'theirs'].map((file) => path.join(folder, file))
    assert.equal(spawnSync('cmp', ['-s', ...files]).status, 0)
  })
}

function run(command: string, output: string): string {
  const [program = '', ...options] = command.split(' ')
  const args = [...options, '-f', '--message-level', '16', vmcore, path.join(folder, output)]
  const result = spawnSync(program, args, { encoding: 'latin1' })
  assert.equal(result.status, 0, `${command}: ${result.stderr}`)
  return result.stdout
}

function recipeCounts(): Record<string, number> {
  return {
    'Pages filled with zero': expected.zero,
    'Non-private cache pages': expected.cache,
    'Private cache pages': expected.cachePrivate,
    'User process data pages': expected.user,
    'Free pages': expected.free,
    'Hwpoison pages': expected.hwpoison,
  }
}

function classCounts(report: string): Record<string, number> {
  return Object.fromEntries(
    Object.keys(recipeCounts()).map((name) => [name, countOf(report, name)]),
  )
}

/** The count after a name of --show-stats; NaN if it is not there. */
function countOf(report: string, name: string): number {
  const line = report.split('\n').find((text) => text.trim().startsWith(name)) ?? ''
  return Number(line.split(':')[1] ?? NaN)
}
