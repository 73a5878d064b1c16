// The collector line by text, checked against what getopt_long makes of it.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseCoreCollector, type CollectorProblem, type CoreCollector } from './core_collector.ts'

function parse(value: string): CoreCollector {
  const result = parseCoreCollector(value)
  assert.ok(result.ok, JSON.stringify(result))
  return result.collector
}

function refuse(value: string): CollectorProblem {
  const result = parseCoreCollector(value)
  assert.ok(!result.ok, 'expected a problem')
  return result.problem
}

test('options are read as getopt_long reads them', () => {
  const zlib31 = { codec: 'zlib', dumpLevels: [31], messageLevel: 1 }
  for (const options of [
    '-c --message-level 1 -d 31',
    '-cd31 --message-level=1',
    '-d 31 --mess=1 -c',
    '-c --dump-level=31 --message-level 1 --',
    '-lc -d31 --message-level 1 --num-threads 4',
  ]) {
    assert.deepEqual(parse(`makedumpfile ${options}`), zlib31, options)
  }
})

test('without options makedumpfile filters and compresses nothing', () => {
  assert.deepEqual(parse('/usr/sbin/makedumpfile'), {
    codec: 'none',
    dumpLevels: [0],
    messageLevel: 7,
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

test('-F belongs to ssh and raw targets and is ignored with a warning', () => {
  const result = parseCoreCollector('makedumpfile -F -l')
  assert.deepEqual(result.ok && result.warnings.map(({ value, index }) => [value, index]), [
    ['-F', 13],
  ])
})

test('each problem names the word and its place', () => {
  assert.deepEqual([refuse('cp --sparse').value, refuse('cp --sparse').index], ['cp', 0])
  assert.deepEqual(
    [refuse('makedumpfile -d 32').value, refuse('makedumpfile -d 32').index],
    ['32', 16],
  )
  assert.equal(refuse('makedumpfile -d').what, '-d needs a number')
  assert.deepEqual(
    [refuse('makedumpfile -d 1,77').value, refuse('makedumpfile -d 1,77').index],
    ['77', 18],
  )
  assert.equal(refuse('makedumpfile -lX').what, 'not supported yet: makedumpfile -X')
  assert.equal(refuse('makedumpfile --split').what, 'not supported yet: makedumpfile --split')
  assert.equal(refuse('makedumpfile -l /proc/vmcore').what, 'not an option')
  assert.equal(refuse('').value, '')
})
