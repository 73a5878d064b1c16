// What kbox writes besides single kdump-compressed files: ELF, flattened streams, split sets, dumps under a limit. On the
// vmcores that test/vm left in the cache; crash, drgn and makedumpfile say whether it is right.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after, before, describe, test } from 'node:test'
import { peers } from '../../bench/peers.ts'
import { cachePath, findCachedKernel } from '../../scripts/cache.ts'
import { openDump } from '../../src/core/dump/formats.ts'
import { parseElfFile } from '../../src/core/elf/elf_file.ts'
import { PT_LOAD } from '../../src/core/elf/elf_layout.ts'
import { openFileSource } from '../../src/host/platform/file_source.ts'
import { IS_WHOLE } from '../support/extent.ts'

const KBOX = path.resolve(import.meta.dirname, '../../bin/kbox')
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'kbox-write-'))
after(() => fs.rmSync(folder, { recursive: true }))
const file = (name: string): string => path.join(folder, name)

/** Series, and since which version makedumpfile filters it right (never, so far, the newest). */
const SERIES = [
  { series: '6.1', since: '1.7.2' },
  { series: '6.12', since: '1.7.7' },
  { series: 'sid', since: undefined },
] as const
const QUIET = '-f --message-level 4'

for (const { series, since } of SERIES) {
  const vmcore = cachePath('dumps', series, 'vmcore.elf')
  const vmlinux = findCachedKernel(series)?.vmlinux ?? ''
  const noDump = !fs.existsSync(vmcore) && `${vmcore} is missing: npm run vm makes it`
  const noVmlinux = !fs.existsSync(vmlinux) && `no vmlinux of ${series} in the cache`

  describe(`${series}: ELF`, { skip: noDump }, () => {
    if (noDump !== false) return
    const elf = (level: number): string => `elf${level}.${series}`
    before(() => {
      for (const level of [0, 31]) kbox(`-E -d ${level} ${QUIET}`, vmcore, file(elf(level)))
    })
    after(() => [0, 31].forEach((level) => fs.rmSync(file(elf(level)))))

    for (const { name, command } of peers('drgn').slice(-1)) {
      test(`${name} finds the tasks of the vmcore`, { skip: noVmlinux }, () => {
        const expected = drgnTasks(command, vmlinux, vmcore)
        assert.ok(expected.split('\n').length > 50, expected)
        for (const dump of [elf(0), elf(31)]) {
          assert.equal(drgnTasks(command, vmlinux, file(dump)), expected, dump)
        }
      })
    }

    for (const { name, command } of peers('crash').slice(-1)) {
      const skip = noVmlinux || (series === 'sid' && 'this crash does not start on that kernel')
      test(`${name} tells the same of it`, { skip }, () => {
        const expected = crash(command, vmlinux, vmcore)
        assert.match(expected, /RELEASE: \S+[^]*\[kthreadd\]/)
        // It takes seconds to start, most of them on newer kernels.
        for (const dump of series === '6.1' ? [elf(0), elf(31)] : [elf(31)]) {
          assert.equal(crash(command, vmlinux, file(dump)), expected, dump)
        }
      })
    }

    for (const { name, command } of peers('makedumpfile')) {
      test(`${name} -E maps the same memory at the same addresses`, () => {
        for (const level of [0, 31]) {
          run(command, `-E -d ${level} ${QUIET}`, vmcore, file('theirs'))
          const [ours, theirs] = [loads(elf(level)), loads('theirs')]
          assert.deepEqual(mapped(ours), mapped(theirs))
          if (isRight(command, since)) assert.deepEqual(ours, theirs, `level ${level}`)
        }
      })

      const skip = !isRight(command, since) && 'it filters this kernel wrong'
      test(`${name} filters it again as it does its own`, { skip }, () => {
        run(command, `-E -d 31 ${QUIET}`, vmcore, file('theirs'))
        for (const [dump, theirs] of [
          [elf(0), vmcore],
          [elf(31), file('theirs')],
        ] as const) {
          run(command, `-d 31 ${QUIET}`, file(dump), file('again'))
          run(command, `-d 31 ${QUIET}`, theirs, file('direct'))
          assertSame('again', 'direct')
        }
      })
    }
  })
}

const vmcore = cachePath('dumps', '6.1', 'vmcore.elf')
const vmlinux = findCachedKernel('6.1')?.vmlinux ?? ''
const noDump = !fs.existsSync(vmcore) && `${vmcore} is missing: npm run vm makes it`
const noVmlinux = noDump || (!fs.existsSync(vmlinux) && 'no vmlinux of 6.1 in the cache')

for (const { name, command } of peers('makedumpfile')) {
  test(`flattened streams go both ways between us and ${name}`, { skip: noDump }, () => {
    for (const options of ['-l -d 31', '-E -d 31']) {
      const inOrder = options.includes('-E') ? '' : '--page-order pfn'
      kbox(`${options} ${inOrder} ${QUIET}`, vmcore, file('ours'))
      stream(KBOX, `makedumpfile -F ${options} ${inOrder} --message-level 4`, 'ours.flat')
      run(command, `${options} ${QUIET}`, vmcore, file('theirs'))
      stream(command, `-F ${options} --message-level 4`, 'theirs.flat')
      for (const from of ['ours', 'theirs']) {
        rearrange(KBOX, ['makedumpfile', '-R'], `${from}.flat`, `${from}.1`)
        rearrange(command, ['-R'], `${from}.flat`, `${from}.2`)
        assertSame(`${from}.1`, from)
        assertSame(`${from}.2`, from)
      }
    }
  })
}

describe('split sets', { skip: noDump }, () => {
  const crashes = noVmlinux === false ? peers('crash') : []
  const expected = new Map<string, string>()
  before(() => {
    kbox(`-c -d 31 ${QUIET}`, vmcore, file('whole'))
    for (const { command } of crashes) expected.set(command, crash(command, vmlinux, file('whole')))
  })
  for (const count of IS_WHOLE ? [2, 3, 4] : [3]) {
    const parts = Array.from({ length: count }, (_, i) => file(`part${i}`))
    test(`crash opens ${count} parts, and we put them together`, () => {
      kbox(`--split -c -d 31 ${QUIET}`, vmcore, ...parts)
      const sizes = parts.map((part) => fs.statSync(part).size)
      assert.ok(Math.min(...sizes) > Math.max(...sizes) / 5, `${sizes.join(', ')} bytes`)
      // Each count cuts at other frames; crash takes seconds to start.
      for (const { command } of count === 3 ? crashes : crashes.slice(0, 1)) {
        assert.equal(crash(command, vmlinux, ...parts), expected.get(command))
      }
      kbox(`--reassemble ${QUIET}`, ...parts, file('again'))
      assertSamePages('again', 'whole')
    })
  }

  for (const { name, command } of peers('makedumpfile')) {
    test(`${name} puts our parts together, and we its`, () => {
      const parts = [1, 2, 3].map((part) => file(`part${part}`))
      kbox(`--split -c -d 31 ${QUIET}`, vmcore, ...parts)
      run(command, `--reassemble ${QUIET}`, ...parts, file('again'))
      assertSamePages('again', 'whole')
      run(command, `--split --splitblock-size 1024 -c -d 31 ${QUIET}`, vmcore, ...parts)
      kbox(`--reassemble ${QUIET}`, ...parts, file('again'))
      assertSamePages('again', 'whole')
    })
  }
})

describe('limits', { skip: noDump }, () => {
  test('of a list of levels the first that fits is taken', () => {
    kbox(`-z -d 1 ${QUIET}`, vmcore, file('level1'))
    kbox(`-z -d 31 ${QUIET}`, vmcore, file('level31'))
    const limit = Math.floor(
      (fs.statSync(file('level1')).size + fs.statSync(file('level31')).size) / 2,
    )
    kbox(`-z -d 1,31 -L ${limit} ${QUIET}`, vmcore, file('limited'))
    assertSame('limited', 'level31')
    kbox(`-z -d 1,31 -L ${limit * 3} ${QUIET}`, vmcore, file('limited'))
    assertSame('limited', 'level1')
  })

  test('where none fits the dump is marked, as large as allowed, and opens', () => {
    const limit = Math.floor(fs.statSync(file('level31')).size * 0.6)
    const args = ['makedumpfile', '-z', '-d', '1,31', '-L', `${limit}`, '-f', vmcore, file('cut')]
    const { status, stderr, stdout } = spawnSync(KBOX, args, { encoding: 'latin1' })
    assert.equal(status, 1)
    assert.match(
      stderr,
      /would exceed the limit of \d+ bytes\nThe dumpfile is incomplete: \d+ pages/,
    )
    assert.match(stdout, /Retry to create a dump file by dump_level\(31\)/)
    const { size } = fs.statSync(file('cut'))
    assert.ok(size <= limit && size > limit * 0.99, `${size} of ${limit} bytes`)
    const ours = spawnSync(KBOX, ['crash', '-s', '-c', 'log', file('cut')], { encoding: 'latin1' })
    assert.match(ours.stdout, /Linux version/)
    using dump = openDump(openFileSource(file('cut')))
    assert.equal(dump.incomplete, true)
    if (noVmlinux !== false) return
    for (const { command } of peers('crash')) {
      const text = crashRun(command, ['--minimal'], 'log\n', vmlinux, file('cut'))
      assert.match(text, /Linux version/, command)
    }
  })
})

function kbox(options: string, ...files: string[]): void {
  run(KBOX, `makedumpfile ${options}`, ...files)
}

function run(command: string, options: string, ...files: string[]): string {
  const args = [...options.split(' ').filter(Boolean), ...files]
  const result = spawnSync(command, args, { encoding: 'latin1' })
  assert.equal(result.status, 0, `${command} ${args.join(' ')}: ${result.stderr}`)
  return result.stdout
}

/** Run with standard output into a file. */
function stream(command: string, options: string, to: string): void {
  const fd = fs.openSync(file(to), 'w')
  const args = [...options.split(' ').filter(Boolean), vmcore]
  const { status, stderr } = spawnSync(command, args, { stdio: ['ignore', fd, 'pipe'] })
  fs.closeSync(fd)
  assert.equal(status, 0, String(stderr))
}

/** Run with a file coming through a pipe, as from ssh. */
function rearrange(command: string, args: readonly string[], from: string, to: string): void {
  fs.rmSync(file(to), { force: true })
  const shell = 'from=$1; shift; cat "$from" | "$@"'
  const { status, stderr } = spawnSync(
    'sh',
    ['-c', shell, 'sh', file(from), command, ...args, file(to)],
    { encoding: 'latin1' },
  )
  assert.equal(status, 0, stderr)
}

/** Task ids and names, as drgn walks them. */
function drgnTasks(drgn: string, kernel: string, dump: string): string {
  const script = file('tasks.py')
  fs.writeFileSync(
    script,
    `from drgn.helpers.linux.pid import for_each_task
for task in for_each_task(prog):
    print(task.pid.value_(), task.comm.string_())
`,
  )
  return run(drgn, `-q -s ${kernel} -c ${dump} ${script}`)
}

/** `sys` and `ps`, but for the names of files. */
function crash(command: string, kernel: string, ...dumps: string[]): string {
  const text = crashRun(command, [], 'sys\nps\n', kernel, ...dumps)
  return text
    .split('\n')
    .filter((line) => !/DUMPFILE|^\s+\S+\/part\d/.test(line))
    .join('\n')
}

function crashRun(
  command: string,
  options: readonly string[],
  commands: string,
  ...files: string[]
): string {
  const input = file('commands')
  fs.writeFileSync(input, `${commands}quit\n`)
  const args = [...options, '-s', '-i', input, ...files]
  const result = spawnSync(command, args, { encoding: 'latin1', maxBuffer: 1 << 26 })
  assert.equal(result.status, 0, `${command}: ${result.stdout}${result.stderr}`)
  return result.stdout
}

interface Load {
  readonly virtual: bigint
  readonly physical: bigint
  readonly fileSize: number
  readonly memorySize: number
}

function loads(name: string): Load[] {
  using source = openFileSource(file(name))
  const headers = parseElfFile(source).programHeaders.filter(({ p_type }) => p_type === PT_LOAD)
  return headers.map(({ p_vaddr, p_paddr, p_filesz, p_memsz }) => ({
    virtual: p_vaddr,
    physical: p_paddr,
    fileSize: p_filesz,
    memorySize: p_memsz,
  }))
}

/** What memory is mapped where, however it is cut. */
function mapped(headers: readonly Load[]): string[] {
  const sorted = headers.toSorted((a, b) => (a.virtual < b.virtual ? -1 : 1))
  const joined: { virtual: bigint; physical: bigint; size: bigint }[] = []
  for (const { virtual, physical, memorySize } of sorted) {
    const last = joined.at(-1)
    const isNext = last?.virtual === virtual - (last?.size ?? 0n)
    if (last && isNext && last.physical + last.size === physical) last.size += BigInt(memorySize)
    else joined.push({ virtual, physical, size: BigInt(memorySize) })
  }
  return joined.map(({ virtual, physical, size }) =>
    [virtual, physical, size].map((value) => value.toString(16)).join(' '),
  )
}

function assertSame(a: string, b: string): void {
  const { status } = spawnSync('cmp', ['-s', file(a), file(b)])
  assert.equal(status, 0, `${a} and ${b} differ`)
}

/** The same frames with the same bytes, wherever in the file. */
function assertSamePages(a: string, b: string): void {
  using one = openDump(openFileSource(file(a)))
  using two = openDump(openFileSource(file(b)))
  assert.equal(one.incomplete, false)
  assert.deepEqual(one.pfnRuns('existing'), two.pfnRuns('existing'))
  assert.deepEqual(one.pfnRuns('present'), two.pfnRuns('present'))
  const { pageSize } = one
  const [left, right] = [new Uint8Array(pageSize), new Uint8Array(pageSize)]
  for (const { start, end } of one.pfnRuns('present')) {
    for (let pfn = start; pfn < end; pfn++) {
      one.readPhysical(pfn * pageSize, left)
      two.readPhysical(pfn * pageSize, right)
      if (Buffer.compare(left, right) !== 0) assert.fail(`frame 0x${pfn.toString(16)} differs`)
    }
  }
}

function isRight(command: string, since: string | undefined): boolean {
  const { stdout } = spawnSync(command, ['-v'], { encoding: 'latin1' })
  const version = /version (\S+)/.exec(stdout)?.[1] ?? ''
  return since !== undefined && version.localeCompare(since, 'en', { numeric: true }) >= 0
}
