// kbox config as a person or a script sees it: each row is one call on a tree of files.
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after, before, test, type TestContext } from 'node:test'
import { NotFoundError, UsageError } from '../core/base/errors.ts'
import { configMain } from './config.ts'

let root = ''
const conf = (): string => path.join(root, 'etc/kdump.conf')
before(() => {
  root = mkdtempSync(path.join(os.tmpdir(), 'kbox-config-'))
  mkdirSync(path.join(root, 'etc/default'), { recursive: true })
  writeFileSync(conf(), 'net ssh user@sshserver\npath /srv\ndefault halt\n')
  writeFileSync(path.join(root, 'etc/default/kdump-tools'), 'USE_KDUMP=1\nNFS=h:/e\n')
  writeFileSync(
    path.join(root, 'bad.conf'),
    'path /a\n  pathh /b\ncore_collector makedumpfile -d 99\n',
  )
})
after(() => rmSync(root, { recursive: true }))

interface Output {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

async function run(context: TestContext, ...argv: readonly string[]): Promise<Output> {
  const output = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const) {
    context.mock.method(process[name], 'write', (text: string) => {
      output[name] += text
      return true
    })
  }
  try {
    return { code: await configMain(argv), ...output }
  } finally {
    context.mock.restoreAll()
  }
}

test('check prints each problem with line, column and remedy, and exits 1 for errors', async (t) => {
  const bad = path.join(root, 'bad.conf')
  const { code, stdout } = await run(t, 'check', '--root', root, bad)
  assert.equal(code, 1)
  assert.equal(
    stdout,
    `${bad}:2:3: error: Invalid kdump config option pathh
    did you mean 'path'?
${bad}:3:32: error: makedumpfile parameter check failed: Dump_level(99) is invalid.
    use -c, -l, -p or -z, -d N and --message-level N, or remove it
${bad}: 2 errors, 0 warnings
`,
  )
})

test("check of the machine's own file warns of old words and exits 0", async (t) => {
  const { code, stdout } = await run(t, 'check', '--root', root)
  assert.equal(code, 0)
  assert.match(stdout, /:1:1: warning: Deprecated kdump config option: net/)
  assert.match(stdout, /kdump\.conf: 0 errors, 2 warnings\n$/)
})

test('check --json has the same facts', async (t) => {
  const { stdout } = await run(t, 'check', '--json', '--root', root, path.join(root, 'bad.conf'))
  const { version, ok, problems } = JSON.parse(stdout) as {
    version: number
    ok: boolean
    problems: readonly { severity: string; line: number; column: number; value: string }[]
  }
  assert.deepEqual([version, ok], [1, false])
  assert.deepEqual(
    problems.map(({ severity, line, column, value }) => [severity, line, column, value]),
    [
      ['error', 2, 3, 'pathh'],
      ['error', 3, 32, '99'],
    ],
  )
})

test('show prints every value with its source', async (t) => {
  const { code, stdout } = await run(t, 'show', '--root', root)
  assert.equal(code, 0)
  assert.match(stdout, new RegExp(`^target +ssh user@sshserver +${conf()}:1$`, 'm'))
  assert.match(stdout, new RegExp(`^failure_action +halt +${conf()}:3$`, 'm'))
  assert.match(stdout, /^final_action +reboot +default$/m)
})

test('show --json names setting, value and source', async (t) => {
  const { stdout } = await run(t, 'show', '--json', '--root', root)
  const { dialect, settings } = JSON.parse(stdout) as {
    dialect: string
    settings: readonly { name: string; value: unknown; source: unknown }[]
  }
  assert.equal(dialect, 'kdump.conf')
  const path = settings.find(({ name }) => name === 'path')
  assert.deepEqual([path?.value, path?.source], ['/srv', { file: conf(), line: 2 }])
  assert.equal(settings.find(({ name }) => name === 'finalAction')?.source, 'default')
})

test('convert writes the modern form, warnings go to standard error', async (t) => {
  const { code, stdout, stderr } = await run(t, 'convert', '--root', root)
  assert.equal(code, 0)
  assert.equal(
    stdout,
    `# /etc/kdump.conf, written by kbox config convert
ssh user@sshserver
path /srv
core_collector makedumpfile -l --message-level 7 -d 31
failure_action halt
`,
  )
  assert.match(stderr, /warning: Deprecated/)
})

test("convert turns Debian's file into SUSE's", async (t) => {
  const file = path.join(root, 'etc/default/kdump-tools')
  const { stdout } = await run(t, 'convert', '--to', 'suse', file)
  assert.match(stdout, /^KDUMP_SAVEDIR="nfs:\/\/h\/e"$/m)
  assert.match(stdout, /^KDUMP_DUMPFORMAT="compressed"$/m)
})

test('no configuration, a wrong action and a wrong dialect are errors', async () => {
  await assert.rejects(() => configMain(['check', '--root', '/nonexistent']), NotFoundError)
  for (const argv of [[], ['frob'], ['convert', '--to', 'yaml'], ['check', 'a', 'b']])
    await assert.rejects(() => configMain(argv), UsageError)
})
