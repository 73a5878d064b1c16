// kbox policy as a person or a script sees it, on a tree of facts.
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after, before, test, type TestContext } from 'node:test'
import { HostError, UsageError } from '../core/base/errors.ts'
import { policyMain } from './policy.ts'

let root = ''
before(() => {
  root = mkdtempSync(path.join(os.tmpdir(), 'kbox-policy-'))
  mkdirSync(path.join(root, 'proc/sys/kernel'), { recursive: true })
  mkdirSync(path.join(root, 'etc'))
  for (const [name, value] of [
    ['panic_on_oops', '0'],
    ['panic', '0'],
    ['sysrq', '1'],
  ] as const)
    writeFileSync(path.join(root, 'proc/sys/kernel', name), `${value}\n`)
  writeFileSync(path.join(root, 'etc/sysctl.conf'), 'kernel.panic = 0\n')
})
after(() => rmSync(root, { recursive: true }))

async function run(
  context: TestContext,
  ...argv: readonly string[]
): Promise<{ readonly code: number; readonly stdout: string; readonly stderr: string }> {
  const output = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const) {
    context.mock.method(process[name], 'write', (text: string) => {
      output[name] += text
      return true
    })
  }
  try {
    return { code: await policyMain([...argv, '--root', root]), ...output }
  } finally {
    context.mock.restoreAll()
  }
}

test('show says of each setting what it is, who set it, and what is recommended', async (t) => {
  const { code, stdout } = await run(t)
  assert.equal(code, 0)
  assert.match(
    stdout,
    /^! kernel\.panic_on_oops +0 +panic when .*\n.*default of the kernel\n +recommended 1: /m,
  )
  assert.match(stdout, /^! kernel\.panic +0 .*\n +\/etc\/sysctl\.conf:1 sets 0$/m)
  assert.match(stdout, /^\+ kernel\.sysrq +1 /m)
  assert.match(stdout, /^- kernel\.hardlockup_panic +not in this kernel/m)
})

test('set makes it so, and tells of a file that undoes it', async (t) => {
  const { code, stderr } = await run(t, 'set', 'panic_on_oops=1', 'panic=10')
  assert.equal(code, 0)
  assert.equal(readFileSync(path.join(root, 'proc/sys/kernel/panic_on_oops'), 'utf8'), '1\n')
  assert.equal(
    stderr,
    'kbox: /etc/sysctl.conf:1 sets kernel.panic = 0 after /etc/sysctl.d/99-kbox-policy.conf: change it there\n',
  )
})

test('--json has the same facts', async (t) => {
  const { stdout } = await run(t, '--json')
  const { version, settings } = JSON.parse(stdout) as {
    version: number
    settings: readonly { name: string; current: string | null; isGood: boolean }[]
  }
  assert.equal(version, 1)
  const find = (name: string): unknown => settings.find((one) => one.name === name)?.current
  assert.deepEqual(['kernel.panic_on_oops', 'kernel.hardlockup_panic'].map(find), ['1', null])
})

test('--recommended sets the rest, what is named goes before', async (t) => {
  await run(t, 'set', '--recommended', 'panic=30')
  const file = readFileSync(path.join(root, 'etc/sysctl.d/99-kbox-policy.conf'), 'utf8')
  assert.match(file, /kernel\.panic = 30\n/)
  assert.match(file, /kernel\.sysrq = 1\n/)
})

test('a wrong name, action or value is a usage error; a name the kernel lacks is not', async (t) => {
  for (const argv of [['frob'], ['set'], ['set', 'x=1'], ['show', 'panic'], ['set', 'panic=x']])
    await assert.rejects(() => run(t, ...argv), UsageError, argv.join(' '))
  await assert.rejects(() => run(t, 'set', 'hardlockup_panic=1'), HostError)
})
