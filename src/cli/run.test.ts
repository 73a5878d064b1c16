// kbox run and kbox types as processes on a small kernel's vmcore: what scripts get, and what a person sees of their mistakes.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, test } from 'node:test'
import { writeKernelFile } from '../../test/support/kernel_file.ts'
import { smallKernel } from '../../test/support/small_kernel.ts'

const folder = mkdtempSync(path.join(tmpdir(), 'kbox-run-'))
after(() => rmSync(folder, { recursive: true }))
const vmcore = path.join(folder, 'vmcore')
writeKernelFile(smallKernel().program, vmcore)

function kbox(args: readonly string[], input = '') {
  const main = path.resolve('src/cli/main.ts')
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...args], {
    encoding: 'utf8',
    input,
    cwd: folder,
  })
  return { status, stdout, stderr }
}

function file(name: string, text: string): string {
  mkdirSync(path.dirname(path.join(folder, name)), { recursive: true })
  writeFileSync(path.join(folder, name), text)
  return name
}

test('a script opens the dump it is run over, and has its arguments', () => {
  const script = file(
    'who.ts',
    `import { findTask, open, type Task } from 'kbox'
     using program = open()
     const task: Task | undefined = findTask(program, Number(process.argv[2]))
     console.log(task?.string('comm'))`,
  )
  assert.deepEqual(kbox(['run', script, vmcore, '--', '101']), {
    status: 0,
    stdout: 'worker\n',
    stderr: '',
  })
})

test('what a script imports may be TypeScript, whatever package.json says', () => {
  file('lib/package.json', '{}')
  file(
    'lib/pids.ts',
    "import { open } from 'kbox'\nexport const opened: string = open().info.osrelease\n",
  )
  const script = file(
    'uses.ts',
    "import { opened } from './lib/pids.ts'\nconsole.log(opened.length > 0)",
  )
  assert.deepEqual(kbox(['run', script, vmcore]), { status: 0, stdout: 'true\n', stderr: '' })
})

test('code comes from -e and from standard input as well', () => {
  const code = "import { open } from 'kbox'; console.log(open().object('panic_cpu').number())"
  assert.equal(kbox(['run', '-e', code, vmcore]).stdout, '1\n')
  assert.equal(kbox(['run', '-', vmcore], code).stdout, '1\n')
})

test('a command is run from a script: rows are typed, text and JSON those of kbox crash', () => {
  const code = `import { crash, open } from 'kbox'
    const program = open()
    const [row] = crash(program, 'sym schedule').rows
    console.log(typeof row?.address, row?.name, crash(program, 'p 1').text, JSON.stringify(crash(program, 'p nosuch').problems))
    crash(program, 'set 2')
    console.log(crash(program, 'set').rows.length, JSON.stringify(crash(program, 'p 1').json))`
  const { stdout, stderr } = kbox(['run', '-e', code, vmcore])
  assert.equal(stderr, '')
  assert.match(
    stdout,
    /^bigint schedule \$1 = 1 \["p: symbol not found: nosuch"\]\n0 \{"command":"p 1"/,
  )
})

test('an error is told with the line of the script, and exit code 1', () => {
  const script = file(
    'wrong.ts',
    "import { open } from 'kbox'\nfunction look() {\n  return open().object('init_task').get('nosuch')\n}\nlook()\n",
  )
  const { status, stderr } = kbox(['run', script, vmcore])
  assert.equal(status, 1)
  assert.equal(
    stderr,
    `wrong.ts:3:37: NotFoundError: member not found: struct task_struct has no nosuch
      return open().object('init_task').get('nosuch')
                                        ^
    called from wrong.ts:5:1
`,
  )
})

test('what is no TypeScript is told with its line', () => {
  const { status, stderr } = kbox([
    'run',
    file('broken.ts', 'const x: number = 1\nconst = 2\n'),
    vmcore,
  ])
  assert.equal(status, 1)
  assert.match(stderr, /^broken\.ts:2.*SyntaxError: /)
  const unknown = kbox(['run', '-e', "import { nosuch } from 'kbox'", vmcore])
  assert.match(unknown.stderr, /SyntaxError: .*does not provide an export named 'nosuch'/)
  assert.equal(unknown.status, 1)
})

test("the exit code is the script's; without a script or dump it is 2 and 1", () => {
  assert.equal(kbox(['run', '-e', 'process.exitCode = 7']).status, 7)
  assert.equal(kbox(['run']).status, 2)
  const { status, stderr } = kbox(['run', '-e', "import { open } from 'kbox'\nopen('absent')"])
  assert.equal(status, 1)
  assert.match(stderr, /^\[eval\]\.ts:2:1: HostError: absent: cannot open: ENOENT/)
  assert.match(kbox(['run', 'absent.ts', vmcore]).stderr, /^kbox: ENOENT.*absent\.ts/)
})

test('kbox types writes a declaration file, or a folder that tsc can be run in', () => {
  const { stdout, status } = kbox(['types', vmcore])
  assert.equal(status, 0)
  assert.match(stdout, /^declare module 'kbox' \{$/m)
  assert.match(stdout, /^ {4}task_struct: \{ thread_info: "thread_info"; __state: "unsigned int";/m)
  assert.equal(kbox(['types', '-o', 'project', vmcore]).status, 0)
  const project = path.join(folder, 'project')
  assert.equal(readFileSync(path.join(project, 'kernel.d.ts'), 'utf8'), stdout)
  assert.ok(existsSync(path.join(project, 'tsconfig.json')))
})

test('kbox types of a struct that is not there says so and writes nothing', () => {
  const { stdout, stderr, status } = kbox(['types', '--only', 'nosuch', vmcore])
  assert.equal(stdout, '')
  assert.equal(stderr, 'kbox: type not found: nosuch\n')
  assert.equal(status, 1)
})
