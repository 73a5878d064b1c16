// kbox dump as a process.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, test } from 'node:test'
import { mkdiskdump } from '../../test/support/mkdiskdump.ts'
import type { DumpInfo } from '../core/report/dump_info.ts'

const folder = mkdtempSync(path.join(tmpdir(), 'kbox-dump-'))
after(() => rmSync(folder, { recursive: true }))
const good = path.join(folder, 'good')
writeFileSync(good, mkdiskdump('format diskdump\n dump_level 1\n page 0-3 zlib'))
const bad = path.join(folder, 'bad')
writeFileSync(bad, 'hello\n')

function kboxDump(...args: readonly string[]) {
  return spawnSync(process.execPath, ['src/cli/main.ts', 'dump', ...args], { encoding: 'utf8' })
}

test('a file is described as text', () => {
  const { status, stdout, stderr } = kboxDump('info', good)
  assert.deepEqual([status, stderr], [0, ''])
  assert.ok(stdout.startsWith(`${good}: `))
  assert.match(stdout, /^ {2}dump level +1: without zero pages$/m)
  assert.match(stdout, /^ {2}pages +zlib +4 /m)
})

test('a file that is no dump is one line on stderr and exit code 1, and the others are described', () => {
  const { status, stdout, stderr } = kboxDump(
    'info',
    '--json',
    bad,
    good,
    path.join(folder, 'none'),
  )
  assert.equal(status, 1)
  assert.match(stderr, /^kbox: .*bad: offset 0x0: not a vmcore.*\nkbox: .*none: .*ENOENT.*\n$/)
  const { version, dumps }: { version: number; dumps: DumpInfo[] } = JSON.parse(stdout)
  assert.deepEqual([version, dumps.length, dumps[0]?.file], [1, 1, good])
  assert.equal(dumps[0]?.dumpLevel, 1)
})

for (const [args, says] of [
  [[], /what about the dump/],
  [['show', good], /no 'dump show'/],
  [['info'], /a FILE is missing/],
  [['info', '--nonsense', good], /nonsense/],
] as const) {
  test(`'kbox ${['dump', ...args.filter((arg) => arg !== good)].join(' ')}' is a usage error`, () => {
    const { status, stdout, stderr } = kboxDump(...args)
    assert.deepEqual([status, stdout], [2, ''])
    assert.match(stderr, says)
    assert.match(stderr, /'kbox dump --help'/)
  })
}
