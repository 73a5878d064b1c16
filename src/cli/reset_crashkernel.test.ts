// kbox reset-crashkernel as a person and a script see it. Which boot loader does what: host/control/bootloader.
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { test, type TestContext } from 'node:test'
import {
  DEBIAN,
  FEDORA,
  FEDORA_KERNELS,
  type FileTree,
  writeTree,
} from '../../test/support/boot_trees.ts'
import { verbOutput, type VerbOutput } from '../../test/support/verb_output.ts'
import { UsageError } from '../core/base/errors.ts'
import { resetCrashkernelMain } from './reset_crashkernel.ts'

function treeOf(context: TestContext, tree: FileTree): string {
  const root = mkdtempSync(path.join(os.tmpdir(), 'kbox-reset-'))
  context.after(() => rmSync(root, { recursive: true }))
  writeTree(root, tree)
  return root
}

const reset = (context: TestContext, root: string, ...argv: string[]): Promise<VerbOutput> =>
  verbOutput(context, resetCrashkernelMain, ['--root', root, ...argv])

test("kdumpctl's words, on standard error", async (context) => {
  const root = treeOf(context, FEDORA)
  const first = await reset(context, root, `--kernel=${FEDORA_KERNELS[0]}`)
  assert.deepEqual(first, {
    code: 0,
    stdout: '',
    stderr: `kdump: Updated crashkernel=2G-64G:256M,64G-:512M for kernel=${FEDORA_KERNELS[0]}, grub entry index=0.
kdump: WARNING: Please reboot the system for the change to take effect.
`,
  })
  const again = await reset(context, root)
  assert.equal(
    again.stderr,
    `kdump: No need to update crashkernel value for kernel=${FEDORA_KERNELS[0]}, grub entry index=0\n`,
  )
})

test('a machine too small for the value hears that it will get nothing', async (context) => {
  const small = { ...FEDORA, 'proc/iomem': '00100000-3fffffff : System RAM\n' }
  const { stderr } = await reset(context, treeOf(context, small))
  assert.match(
    stderr,
    /WARNING: No memory will be reserved for crash kernel for this system because the system memory is smaller than the requirement\. kdump requires more than 2GB memory\./,
  )
})

test('--dry-run shows differences and commands, and changes nothing', async (context) => {
  const root = treeOf(context, DEBIAN)
  const { stdout, stderr } = await reset(
    context,
    root,
    '--kernel=ALL',
    '--value',
    '256M',
    '--dry-run',
  )
  assert.match(stdout, /^--- \/etc\/default\/grub\.d\/kdump-tools\.cfg\n/)
  assert.match(stdout, /\n\+GRUB_CMDLINE_LINUX_DEFAULT=".* crashkernel=256M"\n\+ update-grub\n$/)
  assert.match(stderr, /^kdump: Would be: Updated crashkernel=256M for kernel=ALL\.\n/)
  const { 'etc/default/grub.d/kdump-tools.cfg': before } = DEBIAN
  assert.equal(readFileSync(path.join(root, 'etc/default/grub.d/kdump-tools.cfg'), 'utf8'), before)
})

test('in a copied tree files are changed, and what was not run is named', async (context) => {
  const root = treeOf(context, DEBIAN)
  const { stderr } = await reset(context, root, '--value', '256M')
  assert.match(stderr, /WARNING: not run in a copied tree: update-grub\n$/)
})

test('--if-default keeps what somebody chose', async (context) => {
  const root = treeOf(context, FEDORA)
  await reset(context, root, '--value', '333M')
  const { stderr } = await reset(context, root, '--if-default')
  assert.match(stderr, /^kdump: Kept crashkernel=333M for kernel=.*: it is no known default\n$/)
})

test("kernel-install's hook sets the new kernel alone, unless auto_reset_crashkernel is no", async (context) => {
  const release = '5.14.14-200.fc34.x86_64'
  const root = treeOf(context, FEDORA)
  await reset(context, root, '--kernel=ALL', '--value', '1G-4G:192M,4G-64G:256M,64G-:512M')
  const { stderr } = await reset(context, root, '--installed', release)
  assert.match(stderr, /grub entry index=1\.\n.*grub entry index=2\./s)
  assert.ok(!stderr.includes('index=0'))
  const forbidden = { ...FEDORA, 'etc/kdump.conf': 'auto_reset_crashkernel no\n' }
  const kept = await reset(context, treeOf(context, forbidden), '--installed', release)
  assert.equal(kept.stderr, 'kdump: auto_reset_crashkernel is no: crashkernel= stays as it is\n')
})

test('--json tells entries, differences and commands', async (context) => {
  const root = treeOf(context, DEBIAN)
  const { stdout, stderr } = await reset(context, root, '--json', '--dry-run')
  assert.equal(stderr, '')
  const data = JSON.parse(stdout)
  assert.deepEqual(
    [data.version, data.loader, data.isApplied, data.commands],
    [1, 'debian-grub', false, [['update-grub']]],
  )
  assert.deepEqual(data.entries, [
    {
      ...{ kernel: 'ALL', index: null, id: '/etc/default/grub' },
      ...{ old: ['384M-:128M'], new: ['512M-:192M'] },
      ...{ dumpMode: 'kdump', state: 'updated', fadump: null, bytes: 192 * 2 ** 20 },
    },
  ])
  assert.match(data.edits[0].diff, /crashkernel=512M-:192M/)
})

test('what makes no sense is a usage error', async (context) => {
  const root = treeOf(context, FEDORA)
  for (const argv of [
    ['now'],
    ['--kernel=/boot/x'],
    ['--fadump=on'],
    ['--value', 'foo'],
    ['--bogus'],
  ])
    await assert.rejects(() => resetCrashkernelMain(['--root', root, ...argv]), UsageError, argv[0])
})
