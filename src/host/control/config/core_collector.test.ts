// The collector line by text: what it means, or which word is wrong and why.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  DEFAULT_COLLECTOR,
  formatCoreCollector,
  parseCoreCollector,
  printsProgress,
  type CollectorProblem,
  type CoreCollector,
} from './core_collector.ts'

function parse(value: string): CoreCollector {
  const result = parseCoreCollector(value)
  assert.ok(result.ok, JSON.stringify(result))
  return result.collector
}

function warn(value: string): readonly CollectorProblem[] {
  const result = parseCoreCollector(value)
  assert.ok(result.ok, JSON.stringify(result))
  return result.warnings
}

function refuse(value: string): CollectorProblem {
  const result = parseCoreCollector(value)
  assert.ok(!result.ok, 'expected a problem')
  return result.problem
}

/** Where the text begins in the line. */
const placed = (value: string, word: string): readonly [string, number] => [
  word,
  value.lastIndexOf(word),
]

test('options are read as getopt_long reads them', () => {
  const zlib31 = { ...DEFAULT_COLLECTOR, codec: 'zlib', dumpLevels: [31], messageLevel: 1 }
  for (const options of [
    '-c --message-level 1 -d 31',
    '-cd31 --message-level=1',
    '-d 31 --mess=1 -c',
    '-c --dump-level=31 --message-level 1 --',
    '-lc -d31 --message-level 1',
  ]) {
    assert.deepEqual(parse(`makedumpfile ${options}`), zlib31, options)
  }
})

test('without options makedumpfile filters and compresses nothing', () => {
  assert.deepEqual(parse('/usr/sbin/makedumpfile'), {
    ...DEFAULT_COLLECTOR,
    codec: 'none',
    dumpLevels: [0],
  })
})

test('a list of dump levels is kept in its order', () => {
  assert.deepEqual(parse('makedumpfile -d 1,17,31').dumpLevels, [1, 17, 31])
})

test('each compression has its letter', () => {
  assert.deepEqual(
    ['-c', '-l', '-p', '-z'].map((option) => parse(`makedumpfile ${option}`).codec),
    ['zlib', 'lzo', 'snappy', 'zstd'],
  )
})

test('-F, -E, --num-threads and --page-order are acted on', () => {
  const { isFlattened, format, threads, pageOrder } = parse(
    'makedumpfile -F -E --num-threads 4 --page-order pfn -d 31',
  )
  assert.deepEqual([isFlattened, format, threads, pageOrder], [true, 'elf', 4, 'pfn'])
  assert.deepEqual(warn('makedumpfile -F -l'), [])
})

test('message level bit 1 decides whether progress is printed', () => {
  assert.equal(printsProgress(parse('makedumpfile --message-level 1 -d 31')), true)
  assert.equal(printsProgress(parse('makedumpfile --message-level 6 -d 31')), false)
})

test('what only another program needs is accepted and said to do nothing', () => {
  const value = 'makedumpfile -l --cyclic-buffer 1024 -d 31'
  const [warning] = warn(value)
  assert.equal(warning?.what, '--cyclic-buffer has no effect')
  assert.equal(warning.index, value.indexOf('--cyclic'))
})

test('cp, scp and dd mean a dump of everything, which is said', () => {
  for (const program of ['cp --sparse=always', '/usr/bin/scp', 'dd']) {
    assert.deepEqual(parse(program).dumpLevels, [0])
    assert.equal(parse(program).codec, 'none')
    assert.match(warn(program)[0]?.what ?? '', /copies all of memory, unfiltered/)
  }
})

test('each problem names the word and its place', () => {
  const cases: readonly (readonly [value: string, word: string, says: RegExp])[] = [
    ['tar --sparse', 'tar', /'tar' is no collector/],
    ['makedumpfile -d 32', '32', /^Dump_level\(32\) is invalid/],
    ['makedumpfile -l -d', '-d', /^option requires an argument -- 'd'/],
    ['makedumpfile -d 1,77', '1,77', /^Dump_level\(77\) is invalid/],
    ['makedumpfile -l -Q -d 31', '-Q', /^invalid option -- 'Q'/],
    ['makedumpfile -lX', '-lX', /Xen dumps/],
    ['makedumpfile -l --split', '--split', /a target takes one dump/],
    ['makedumpfile -c -E -d 31', '-E', /refuses this combination/],
    ['makedumpfile -l /proc/vmcore', '/proc/vmcore', /^not an option/],
    ['makedumpfile --config /etc/m.conf -l', '/etc/m.conf', /erase afterwards/],
    ['makedumpfile --dump-dmesg', '--dump-dmesg', /would not write a dump/],
    ['makedumpfile -L 100 -d 31', '100', /-L: /],
    ['makedumpfile -x vmlinux -d 31', 'vmlinux', /-x: /],
    ['makedumpfile --message-level 32', '32', /Message_level\(32\) is invalid/],
  ]
  for (const [value, word, says] of cases) {
    const problem = refuse(value)
    assert.match(problem.what, says, value)
    assert.deepEqual([problem.value, problem.index], placed(value, word), value)
  }
  assert.equal(refuse('').value, '')
})

test('what is formatted is parsed to the same', () => {
  for (const line of ['makedumpfile -c -d 31', 'makedumpfile -F -E -d 0,1 --num-threads 2', 'cp']) {
    const collector = parse(line)
    assert.deepEqual(parse(formatCoreCollector(collector)), collector)
  }
})
