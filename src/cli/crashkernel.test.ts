// kbox crashkernel and get-default-crashkernel on a small tree of facts.
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { UsageError } from '../core/base/errors.ts'
import { verbOutput } from '../../test/support/verb_output.ts'
import { crashkernelMain } from './crashkernel.ts'
import { getDefaultCrashkernelMain } from './get_default_crashkernel.ts'

let root = ''
before(() => {
  root = mkdtempSync(path.join(os.tmpdir(), 'kbox-crashkernel-'))
  const files = {
    'proc/sys/kernel/arch': 'x86_64\n',
    'proc/sys/kernel/osrelease': '6.12.0-55.el10.x86_64\n',
    'proc/cmdline': 'root=/dev/sda1 ro crashkernel=auto\n',
    'proc/iomem': '00100000-bfffffff : System RAM\n100000000-23fffffff : System RAM\n',
    'etc/os-release': 'ID="rhel"\nVERSION_ID="10.0"\n',
  }
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(path.join(root, path.dirname(name)), { recursive: true })
    writeFileSync(path.join(root, name), text)
  }
})
after(() => rmSync(root, { recursive: true }))

test("without a string this machine's command line is explained, and auto becomes a value", async (context) => {
  const { code, stdout } = await verbOutput(context, crashkernelMain, ['explain', '--root', root])
  assert.equal(code, 1)
  assert.match(stdout, /kernel 6\.12\.0-55\.el10\.x86_64, 8191M of RAM\n/)
  assert.match(stdout, /reserves nothing: crashkernel=auto: invalid/)
  assert.match(stdout, /write crashkernel=2G-64G:256M,64G-:512M \(the default of rhel10\)/)
})

test('auto is known to the kernels of RHEL 8', async (context) => {
  const argv = ['explain', '--root', root, '--release', '4.18.0-553.el8_10.x86_64', '--json']
  const { code, stdout } = await verbOutput(context, crashkernelMain, argv)
  assert.equal(code, 0)
  const { version, explanations } = JSON.parse(stdout)
  assert.equal(version, 1)
  assert.equal(explanations[0].auto, '1G-4G:160M,4G-64G:192M,64G-1T:256M,1T-:512M')
  assert.equal(explanations[0].reservedBytes, 192 * 2 ** 20)
})

test('strings are explained one by one for the given memory', async (context) => {
  const argv = ['explain', '--root', root, '--ram', '3G', '2900M', 'ro crashkernel=64M']
  const { code, stdout } = await verbOutput(context, crashkernelMain, argv)
  assert.equal(code, 0)
  assert.match(stdout, /crashkernel=2900M\n {2}\+ .*\n {2}reserves 2900M at 0x/)
  assert.match(stdout, /ro crashkernel=64M\n {2}\+ crashkernel=64M: asks for 64M\n {2}reserves 64M/)
})

test('what fits only elsewhere says where', async (context) => {
  const argv = ['explain', '--root', root, '--ram', '8G', '4G@1G', '512M,high 4G,low']
  const { stdout, code } = await verbOutput(context, crashkernelMain, argv)
  assert.equal(code, 1)
  assert.match(stdout, /memory is in use/)
  assert.match(stdout, /advice: crashkernel=4G,high would work: 4352M in all/)
})

test('default unites tables and says where each comes from', async (context) => {
  const argv = ['default', '--root', root, '--ram', '1G', '--distro', 'rhel9', '--distro', 'debian']
  const { stdout } = await verbOutput(context, crashkernelMain, argv)
  assert.match(stdout, /^crashkernel=512M-4G:192M,4G-64G:256M,64G-:512M\n {2}on 1G of RAM: 192M\n/)
  assert.match(stdout, /rhel9: 1G-4G:192M/)
  const none = await verbOutput(context, crashkernelMain, [
    'default',
    '--root',
    root,
    '--ram',
    '1G',
  ])
  assert.match(none.stdout, /on 1G of RAM: nothing/)
})

test('get-default-crashkernel prints the value and no newline', async (context) => {
  assert.deepEqual(
    await verbOutput(context, getDefaultCrashkernelMain, ['--root', root, 'kdump']),
    { code: 0, stdout: '2G-64G:256M,64G-:512M', stderr: '' },
  )
  await assert.rejects(() => getDefaultCrashkernelMain(['--root', root, 'both']), UsageError)
})

test('what makes no sense is a usage error', async () => {
  for (const argv of [
    [],
    ['show'],
    ['explain', '--ram', '12'],
    ['explain', '--ram', 'x'],
    ['default', 'x'],
    ['explain', '--arch', 'vax'],
    ['default', '--distro', 'plan9'],
  ]) {
    await assert.rejects(() => crashkernelMain([...argv, '--root', root]), /./, argv.join(' '))
  }
})
