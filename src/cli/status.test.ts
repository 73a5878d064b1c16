// status and showmem as a person or a script sees them: words on standard error, exit codes, JSON on standard output.
import assert from 'node:assert/strict'
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after, before, test, type TestContext } from 'node:test'
import { UsageError } from '../core/base/errors.ts'
import { showmemMain } from './showmem.ts'
import { statusMain } from './status.ts'

let root = ''
const armed = (): string => path.join(root, 'armed')
const idle = (): string => path.join(root, 'idle')
before(() => {
  root = mkdtempSync(path.join(os.tmpdir(), 'kbox-status-'))
  for (const [name, loaded] of [
    ['armed', '1'],
    ['idle', '0'],
  ] as const) {
    const folder = path.join(root, name, 'sys/kernel')
    mkdirSync(folder, { recursive: true })
    writeFileSync(path.join(folder, 'kexec_crash_loaded'), `${loaded}\n`)
    writeFileSync(path.join(folder, 'kexec_crash_size'), '201326592\n')
  }
})
after(() => rmSync(root, { recursive: true }))

interface Output {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

async function run(
  context: TestContext,
  main: (argv: readonly string[]) => Promise<number>,
  argv: readonly string[],
): Promise<Output> {
  const output = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const) {
    context.mock.method(process[name], 'write', (text: string) => {
      output[name] += text
      return true
    })
  }
  try {
    return { code: await main(argv), ...output }
  } finally {
    context.mock.restoreAll()
  }
}

test('status says what kdumpctl says and exits as it does', async (context) => {
  const loaded = await run(context, statusMain, ['--root', armed()])
  assert.deepEqual(loaded, { code: 0, stdout: '', stderr: 'kdump: Kdump is operational\n' })
  const unloaded = await run(context, statusMain, ['--root', idle()])
  assert.deepEqual(unloaded, { code: 3, stdout: '', stderr: 'kdump: Kdump is not operational\n' })
  const none = await run(context, statusMain, ['--root', path.join(root, 'none')])
  assert.equal(none.code, 3)
  assert.equal(
    none.stderr,
    'kdump: kdump is not supported on this kernel\nkdump: Kdump is not operational\n',
  )
})

test('showmem says what kdumpctl says', async (context) => {
  const shown = await run(context, showmemMain, ['--root', idle()])
  assert.deepEqual(shown, {
    code: 0,
    stdout: '',
    stderr: 'kdump: Reserved 192MB memory for crash kernel\n',
  })
})

test('--json prints the facts on standard output', async (context) => {
  const { stdout } = await run(context, statusMain, ['--json', '--root', armed()])
  assert.deepEqual(JSON.parse(stdout), {
    version: 1,
    operational: true,
    supported: true,
    reservedBytes: 201_326_592,
    creationTest: null,
  })
})

test('where there is a configuration, status tells how the last test went', async (context) => {
  const files = path.join(root, 'configured')
  cpSync(armed(), files, { recursive: true })
  mkdirSync(path.join(files, 'etc/sysconfig'), { recursive: true })
  writeFileSync(path.join(files, 'etc/kdump.conf'), 'path /var/crash\n')
  const never = await run(context, statusMain, ['--root', files])
  assert.equal(
    never.stderr,
    'kdump: Kdump is operational\nkdump: WARNING: No vmcore creation test performed!\n',
  )
  mkdirSync(path.join(files, 'var/lib/kdump'), { recursive: true })
  writeFileSync(
    path.join(files, 'var/lib/kdump/vmcore-creation.status'),
    'pending kdump_test_id=1795673453-1\n',
  )
  const failed = await run(context, statusMain, ['--root', files])
  assert.equal(failed.code, 0)
  assert.match(failed.stderr, /WARNING: Last NOT successful vmcore creation test on Thu Nov 26/)
  writeFileSync(path.join(files, 'etc/sysconfig/kdump'), 'VMCORE_CREATION_NOTIFICATION="no"\n')
  const quiet = await run(context, statusMain, ['--root', files])
  assert.equal(quiet.stderr, 'kdump: Kdump is operational\n')
})

test('an unknown option is a usage error', async () => {
  await assert.rejects(() => statusMain(['--bogus']), UsageError)
})
