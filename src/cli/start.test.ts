// start's plan as a person and a script see it, for a machine that is a tree of facts; and what start asks of the machine
// before anything else.
import assert from 'node:assert/strict'
import { after, before, test, type TestContext } from 'node:test'
import { makeMachineTree, TREE_RELEASE, type MachineTree } from '../../test/support/machine_tree.ts'
import { UsageError } from '../core/base/errors.ts'
import { startMain } from './start.ts'

let tree: MachineTree
before(() => (tree = makeMachineTree()))
after(() => tree[Symbol.dispose]())

async function run(context: TestContext, argv: readonly string[]) {
  const output = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const) {
    context.mock.method(process[name], 'write', (text: string) => {
      output[name] += text
      return true
    })
  }
  try {
    return { code: await startMain(argv), ...output }
  } finally {
    context.mock.restoreAll()
  }
}

test('--dry-run prints what would be loaded, and why each word of the command line is there or gone', async (context) => {
  const { code, stdout } = await run(context, ['--dry-run', '--root', tree.root])
  assert.equal(code, 0)
  assert.match(
    stdout,
    new RegExp(`^kernel: /boot/vmlinuz-${TREE_RELEASE} \\(it is the kernel that runs\\)$`, 'm'),
  )
  assert.match(stdout, /^target 1: ext4 UUID=aa-1 \(was \/dev\/vda1\)$/m)
  assert.match(stdout, /^modules: loop squashfs virtio virtio_blk$/m)
  assert.match(stdout, /^command line: ro irqpoll /m)
  assert.match(stdout, /^ {2}removed quiet because what goes wrong must be seen on the console$/m)
  assert.match(
    stdout,
    /^ {2}added disable_cpu_apicid=0 because the capture kernel may start on another/m,
  )
})

test('--json prints the same as data', async (context) => {
  const { stdout } = await run(context, ['--dry-run', '--json', '--root', tree.root])
  const plan = JSON.parse(stdout)
  assert.equal(plan.version, 1)
  assert.equal(plan.rebuild, null)
  assert.equal(plan.config.targets[0].uuid, 'aa-1')
  assert.deepEqual(plan.words[0], {
    word: `BOOT_IMAGE=/boot/vmlinuz-${TREE_RELEASE}`,
    fate: 'removed',
    reason: 'it names the crashed kernel',
  })
})

test('a plan that cannot be made says why, with exit code 1', async (context) => {
  tree.write('etc/other.conf', 'path /none\n')
  const config = `${tree.root}/etc/other.conf`
  const argv = ['--dry-run', '--root', tree.root, '--config', config]
  const { code, stderr } = await run(context, argv)
  assert.equal(code, 1)
  assert.match(stderr, /^kdump: Dump path \/none does not exist\.$/m)
})

test('nothing is done below another root: that is a usage error', async () => {
  await assert.rejects(startMain(['--root', tree.root]), UsageError)
  await assert.rejects(startMain(['--page-order', 'odd']), /must be priority or pfn/)
})
