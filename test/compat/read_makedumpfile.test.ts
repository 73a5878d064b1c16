// Files that makedumpfile wrote, of every kind it can: kbox crash must print what it prints of the vmcore itself.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after, describe, test } from 'node:test'
import { peers } from '../../bench/peers.ts'
import { cachePath } from '../../scripts/cache.ts'

const KBOX = path.resolve(import.meta.dirname, '../../bin/kbox')
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'kbox-read-'))
after(() => fs.rmSync(folder, { recursive: true }))

const COMMANDS = 'log; bt; bt -a; ps; mod'
const vmcore = cachePath('dumps', '6.1', 'vmcore.elf')
const isMissing = !fs.existsSync(vmcore)
const file = (name: string): string => path.join(folder, name)

/** What each file is made with, and what makedumpfile -v must say for it. */
const KINDS: readonly (readonly [what: string, options: string, needs?: RegExp])[] = [
  ['raw pages', '-d 31'],
  ['zlib', '-c -d 31'],
  ['LZO', '-l -d 31', /^lzo\s+enabled/m],
  ['snappy', '-p -d 31', /^snappy\s+enabled/m],
  ['zstd', '-z -d 31', /^zstd\s+enabled/m],
  ['an ELF file', '-E -d 31'],
]

for (const { name, command } of peers('makedumpfile')) {
  const skip = isMissing && `${vmcore} is missing: npm run vm makes it`
  describe(`files of ${name}`, { skip }, () => {
    if (isMissing) return
    const version = spawnSync(command, ['-v'], { encoding: 'latin1' }).stdout
    const expected = crash(vmcore)
    assert.match(expected.stdout, /(?:Kernel panic|Oops|BUG:)[^]*#1 \[[^]* COMM\n/)
    assert.equal(expected.stderr, '')

    for (const [what, options, needs] of KINDS) {
      const isAbsent = needs !== undefined && !needs.test(version) && 'not built in'
      test(`${what} reads as the vmcore`, { skip: isAbsent }, () => {
        makedumpfile(command, options, [vmcore, file('plain')])
        assert.deepEqual(crash(file('plain')), expected)
      })

      test(`${what}, flattened, reads as the vmcore`, { skip: isAbsent }, () => {
        flatten(command, options, file('flat'))
        assert.deepEqual(crash(file('flat')), expected)
      })
    }

    test('a split set reads as the vmcore, in any order and with empty parts', () => {
      const parts = ['part1', 'part2', 'part3'].map(file)
      const [one = '', two = '', three = ''] = parts
      makedumpfile(command, '-c -d 31 --split --splitblock-size 1024', [vmcore, ...parts])
      assert.deepEqual(crash(one, two, three), expected)
      assert.deepEqual(crash(three, one, two), expected)
      // Without the option little is split: two of three parts hold no page.
      makedumpfile(command, '-c -d 31 --split', [vmcore, ...parts])
      assert.deepEqual(crash(two, three, one), expected)
    })

    test('a part alone says what is missing, and tells what it can', () => {
      const parts = ['part1', 'part2', 'part3'].map(file)
      makedumpfile(command, '-c -d 31 --split --splitblock-size 1024', [vmcore, ...parts])
      for (const part of parts) {
        const { stderr, status } = crash(part)
        assert.match(stderr, /pages of frames 0x.* are in other parts of the split dump, not given/)
        assert.ok(status === 0 || status === 1, stderr)
      }
    })

    test('a flattened file filters as the file it holds', () => {
      flatten(command, '-d 1', file('flat'))
      makedumpfile(command, '-d 1', [vmcore, file('plain')])
      for (const input of ['flat', 'plain']) {
        const options = ['-f', '-d', '31', '--message-level', '4', file(input), file(`${input}31`)]
        const { status, stderr } = spawnSync(KBOX, ['makedumpfile', ...options])
        assert.equal(status, 0, String(stderr))
      }
      assert.equal(spawnSync('cmp', ['-s', file('flat31'), file('plain31')]).status, 0)
    })
  })
}

interface Output {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

function crash(...files: string[]): Output {
  const { status, stdout, stderr } = spawnSync(KBOX, ['crash', ...files, '-c', COMMANDS], {
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  })
  return { status, stdout, stderr }
}

function makedumpfile(command: string, options: string, files: readonly string[]): void {
  const result = spawnSync(
    command,
    ['-f', '--message-level', '4', ...options.split(' '), ...files],
    { encoding: 'latin1' },
  )
  assert.equal(result.status, 0, `${command} ${options}: ${result.stderr}`)
}

/** makedumpfile -F writes to its standard output. */
function flatten(command: string, options: string, output: string): void {
  const fd = fs.openSync(output, 'w')
  try {
    const result = spawnSync(
      command,
      ['-F', '--message-level', '4', ...options.split(' '), vmcore],
      { stdio: ['ignore', fd, 'pipe'] },
    )
    assert.equal(result.status, 0, `${command} -F ${options}: ${String(result.stderr)}`)
  } finally {
    fs.closeSync(fd)
  }
}
