// kbox crash as a process on a small kernel's vmcore: arguments, scripts, pipes, files, exit codes.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { flatten } from '../../test/support/flatten.ts'
import { mkvmlinux } from '../../test/support/mkvmlinux.ts'
import { writeKernelFile } from '../../test/support/kernel_file.ts'
import { smallKernel } from '../../test/support/small_kernel.ts'

const folder = mkdtempSync(join(tmpdir(), 'kbox-crash-'))
after(() => rmSync(folder, { recursive: true }))
const vmcore = join(folder, 'vmcore')
writeKernelFile(smallKernel().program, vmcore)

interface Result {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

function crash(args: readonly string[], input = '', calledAs = 'kbox'): Result {
  const verb = calledAs === 'crash' ? [] : ['crash']
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ['src/cli/main.ts', ...verb, ...args],
    {
      encoding: 'utf8',
      input,
      cwd: join(import.meta.dirname, '../..'),
      env: { ...process.env, KBOX_ARGV0: calledAs, HOME: folder },
    },
  )
  return { status, stdout, stderr }
}

test('-c runs commands, semicolons between them, and exits', () => {
  const { status, stdout, stderr } = crash([vmcore, '-c', 'p jiffies; sym schedule'])
  assert.equal(stdout, 'jiffies = $1 = 4294900225\nffffffff81000040 (T) schedule\n')
  assert.equal(stderr, '')
  assert.equal(status, 0)
})

test('a command that fails is told, and the next one runs', () => {
  const { status, stdout } = crash([vmcore, '-c', 'nosuch; p 1'])
  assert.equal(stdout, 'crash: command not found: nosuch\n$1 = 1\n')
  assert.equal(status, 0)
})

test('standard input that is no terminal is a script; -s leaves the banner out', () => {
  const { stdout, status } = crash(['-s', vmcore], '# a comment\n\np 1\nexit\np 2\n')
  assert.equal(stdout, '$1 = 1\n')
  assert.equal(status, 0)
})

test('the banner says which machine and which task', () => {
  const { stdout } = crash([vmcore], '')
  assert.match(stdout, /DUMPFILE: .*vmcore/)
  assert.match(stdout, /COMMAND: "worker"/)
})

test('-i runs the lines of a file first', () => {
  const script = join(folder, 'script')
  writeFileSync(script, 'p 1\n< /nonexistent\np 2\n')
  const { stdout, stderr, status } = crash(['-s', '-i', script, vmcore], 'p 3\n')
  assert.equal(stdout, '$1 = 1\n$2 = 2\n$3 = 3\n')
  assert.match(stderr, /^crash: ENOENT/)
  assert.equal(status, 0)
})

test('output goes through pipes and to files; ! runs the shell', () => {
  const out = join(folder, 'out')
  const lines = [
    `p 1 > ${out}`,
    `p 2 >> ${out}`,
    'sym -l | head -2',
    '!echo shell',
    `nosuch > ${out}.2`,
  ]
  const { stdout, stderr } = crash(['-s', vmcore], `${lines.join('\n')}\n`)
  assert.equal(readFileSync(out, 'utf8'), '$1 = 1\n$2 = 2\n')
  assert.equal(stdout, '0 (A) __per_cpu_start\n1000 (A) runqueues\nshell\n')
  assert.equal(stderr, 'crash: command not found: nosuch\n')
})

test('rd -r copies bytes to a file', () => {
  const raw = join(folder, 'raw')
  const { stdout } = crash([vmcore, '-c', `rd -r ${raw} init_task.comm 9`])
  assert.equal(readFileSync(raw, 'utf8'), 'swapper/0')
  assert.match(stdout, /^9 bytes copied from 0xffffffff820001e8 to /)
})

test('--json prints one document a command', () => {
  const { stdout } = crash([vmcore, '--json', '-c', 'p 1; sym schedule'])
  const documents = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
  assert.deepEqual(
    documents.map(({ command }) => command),
    ['p 1', 'sym schedule'],
  )
})

test('a vmlinux is accepted in either place', () => {
  const vmlinux = join(folder, 'vmlinux')
  writeFileSync(vmlinux, mkvmlinux({ symbols: [], buildId: 'abcd' }))
  for (const files of [
    [vmlinux, vmcore],
    [vmcore, vmlinux],
  ]) {
    const { stdout, stderr, status } = crash(['-s', ...files, '-c', 'p 1; set namelist'])
    assert.equal(stderr, '')
    assert.equal(stdout, `$1 = 1\nnamelist: ${vmlinux}\n`)
    assert.equal(status, 0)
  }
  const { stderr, status } = crash(['-s', vmlinux, vmlinux, vmcore, '-c', 'p 1'])
  assert.match(stderr, /^kbox: two namelists: /)
  assert.equal(status, 2)
})

test("crash's own options are taken, under its name too", () => {
  const options = [
    '--minimal',
    '--no_panic',
    '--zero_excluded',
    '-d',
    '1',
    '--machdep',
    'phys_base=0',
  ]
  const { stdout, status } = crash(['-s', ...options, vmcore], 'p 1\nq\n', 'crash')
  assert.equal(stdout, '$1 = 1\n')
  assert.equal(status, 0)
})

test('.crashrc may set and alias, and nothing else', () => {
  const touched = join(folder, 'touched')
  writeFileSync(
    join(folder, '.crashrc'),
    `set radix 16\nalias pj p jiffies\n!touch ${touched}\np 1\n`,
  )
  const { stdout } = crash(['-s', vmcore], 'pj\n')
  const without = crash(['-s', '--no_crashrc', vmcore], 'p jiffies\n')
  rmSync(join(folder, '.crashrc'))
  assert.equal(stdout, 'jiffies = $1 = 0xfffefa01\n')
  assert.equal(without.stdout, 'jiffies = $1 = 4294900225\n')
  assert.equal(existsSync(touched), false)
})

test("a System.map is accepted as a vmlinux is, but not another kernel's", () => {
  const map = join(folder, 'System.map')
  writeFileSync(map, 'ffffffff81000000 T _text\nffffffff81000040 T schedule\n'.repeat(9))
  assert.equal(crash(['-s', map, vmcore, '-c', 'p 1']).stdout, '$1 = 1\n')
  writeFileSync(map, 'ffffffff81000000 T _text\nffffffff81000042 D kallsyms_names\n')
  const { stderr, status } = crash(['-s', map, vmcore, '-c', 'p 1'])
  assert.match(stderr, /^kbox: .*System\.map is of another kernel: it has kallsyms_names at /)
  assert.equal(status, 2)
})

test('a flattened file opens; without its end it is said to be incomplete', () => {
  const flat = join(folder, 'flat')
  const bytes = flatten(readFileSync(vmcore), 100_000)
  writeFileSync(flat, bytes)
  const whole = crash(['-s', flat, '-c', 'p jiffies'])
  writeFileSync(flat, bytes.subarray(0, -16))
  const cut = crash(['-s', flat, '-c', 'p jiffies'])
  assert.equal(whole.stderr, '')
  assert.equal(whole.stdout, 'jiffies = $1 = 4294900225\n')
  assert.equal(cut.stdout, whole.stdout)
  assert.equal(cut.stderr, `kbox: the dump is incomplete: ${flat}: the flattened file has no end\n`)
  assert.equal(cut.status, 0)
})

test('several files that are no parts of one dump are a usage error', () => {
  const { stderr, status } = crash([vmcore, vmcore])
  assert.match(stderr, /^kbox: .*vmcore: is elf, no part of a split dump; several files/)
  assert.equal(status, 2)
})

const live = existsSync('/proc/kcore') ? 'there is a /proc/kcore here' : false
test('no file where no running kernel can be read is a usage error', { skip: live }, () => {
  const { stderr, status } = crash([])
  assert.match(stderr, /^kbox: a VMCORE is missing, .*there is no \/proc\/kcore/)
  assert.equal(status, 2)
})
