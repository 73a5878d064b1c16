// The command line: what is parsed, which words answer a wrong one, and the exit codes. Words and codes are those of
// makedumpfile 1.7.8 for the same arguments.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after, test } from 'node:test'
import { mkelf } from '../../test/support/mkelf.ts'
import { UnsupportedError, UsageError } from '../core/base/errors.ts'
import { parseMakedumpfileOptions } from '../host/capture/makedumpfile_options.ts'

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'kbox-makedumpfile-'))
after(() => fs.rmSync(folder, { recursive: true }))
const exists = path.join(folder, 'exists')
fs.writeFileSync(exists, 'x')

function run(...args: string[]): { code: number | null; out: string; err: string } {
  const main = path.join(import.meta.dirname, 'main.ts')
  const result = spawnSync(process.execPath, [main, 'makedumpfile', ...args], {
    encoding: 'latin1',
  })
  return { code: result.status, out: result.stdout, err: result.stderr }
}

test('options are taken in any of getopt’s forms', () => {
  for (const line of [
    '-l -d 31 in out',
    '-ld31 in out',
    'in -ld 31 out',
    '-c -l --dump-level=31 in out',
  ]) {
    const request = parseMakedumpfileOptions(line.split(' '))
    assert.deepEqual(
      [request.codec, request.levels, request.inputs, request.outputs],
      ['lzo', [31], ['in'], ['out']],
    )
  }
})

test('the last compression wins, a list of levels is kept, messages add up', () => {
  const request = parseMakedumpfileOptions(
    '-c -p -z -d 1,17,31 -f -D --show-stats --page-order pfn --num-threads 4 -b 4 a b'.split(' '),
  )
  assert.equal(request.codec, 'zstd')
  assert.deepEqual(request.levels, [1, 17, 31])
  assert.equal(request.overwrite, true)
  assert.equal(request.pageOrder, 'pfn')
  assert.equal(request.messageLevel, 31)
  assert.equal(request.threads, 4)
  assert.deepEqual(request.ignored, ['-b'])
})

test('what cannot be is refused in makedumpfile’s words', () => {
  for (const [line, message] of [
    ['-d 40 a b', 'Dump_level(40) is invalid.'],
    ['-d x a b', 'Dump_level(x) is invalid.'],
    ['--message-level 77 a b', 'Message_level(77) is invalid.'],
    ['--foo a b', "unrecognized option '--foo'"],
    ['a b -d', "option requires an argument -- 'd'"],
    ['--mess', "option '--message-level' requires an argument"],
    ['a', ''],
    ['a b c', ''],
    ['-E -c a b', ''],
    ['--split a b', ''],
    ['-R', ''],
    ['-F a b', ''],
    ['--reassemble a b', ''],
    ['-L x a b', 'Limit size(x) is invalid.'],
  ] as const) {
    assert.throws(
      () => parseMakedumpfileOptions(line.split(' ')),
      (error) => error instanceof UsageError && error.message === message,
      line,
    )
  }
  assert.throws(() => parseMakedumpfileOptions(['-X', 'a', 'b']), UnsupportedError)
})

test('which operands are inputs and which are outputs depends on what is done', () => {
  for (const [line, mode, inputs, outputs] of [
    ['-F a', 'dump', 'a', ''],
    ['--dry-run a', 'dump', 'a', ''],
    ['--split a b c d', 'dump', 'a', 'b c d'],
    ['--reassemble a b c', 'reassemble', 'a b', 'c'],
    ['-R a', 'rearrange', '', 'a'],
    ['--dump-dmesg a b', 'dmesg', 'a', 'b'],
    ['--mem-usage /proc/kcore', 'mem-usage', '/proc/kcore', ''],
    ['-g a', 'vmcoreinfo', '', 'a'],
  ] as const) {
    const request = parseMakedumpfileOptions(line.split(' '))
    assert.deepEqual(
      [request.mode, request.inputs.join(' '), request.outputs.join(' ')],
      [mode, inputs, outputs],
      line,
    )
  }
})

test('a wrong command line ends with 1 and points to --help', () => {
  assert.deepEqual(run('--foo'), {
    code: 1,
    out: "Commandline parameter is invalid.\nTry `makedumpfile --help' for more information.\n\nmakedumpfile Failed.\n",
    err: "makedumpfile: unrecognized option '--foo'\n",
  })
})

test('an existing DUMPFILE is not overwritten without -f', () => {
  assert.deepEqual(run('-d31', exists, exists), {
    code: 1,
    out: '\nmakedumpfile Failed.\n',
    err: `check_dump_file: Can't open the dump file (${exists}). File exists\n`,
  })
  assert.equal(fs.readFileSync(exists, 'latin1'), 'x')
})

test('what is no vmcore is named, and no DUMPFILE is left behind', () => {
  const out = path.join(folder, 'out')
  for (const [vmcore, message] of [
    [exists, /^\S+exists: offset 0x0: not a vmcore .*\n$/],
    [path.join(folder, 'missing'), /^\S+missing: cannot open: ENOENT\n$/],
  ] as const) {
    const result = run('-d31', vmcore, out)
    assert.equal(result.code, 1)
    assert.match(result.err, message)
    assert.equal(fs.existsSync(out), false)
  }
})

test('-v lists the compressions, as kdump scripts expect', () => {
  const { code, out } = run('-v')
  assert.equal(code, 0)
  assert.match(out, /^makedumpfile: version .*\nlzo\tenabled\nsnappy\tenabled\nzstd\tenabled\n/)
})

test('--vtop without a DUMPFILE translates and writes nothing', () => {
  const vmcore = path.join(folder, 'vmcore')
  fs.writeFileSync(vmcore, mkelf('vmcoreinfo OSRELEASE=6.12.0\nsegment 0x1000 0x1000'))
  const result = run('--vtop', '0xffffffff81000000', vmcore)
  // Its page tables are not there: said in words, with exit code 1.
  assert.equal(result.code, 1)
  assert.doesNotMatch(result.err, /TypeError|at file:/)
})
