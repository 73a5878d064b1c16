// Plans for a machine that is a tree of facts: nothing is asked of the machine the test runs on.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import {
  makeMachineTree,
  TREE_RELEASE,
  type MachineTree,
} from '../../../test/support/machine_tree.ts'
import { mkpe } from '../../../test/support/mkpe.ts'
import { planArm, type ArmChoices, type ArmPlan } from './arm.ts'
import { parseKdumpConf } from './config/kdump_conf.ts'

let tree: MachineTree
before(() => (tree = makeMachineTree()))
after(() => tree[Symbol.dispose]())

function plan(conf: string, choices: ArmChoices = {}): Promise<ArmPlan> {
  const parsed = parseKdumpConf(conf)
  assert.ok(parsed.ok)
  return planArm(parsed.conf, { root: tree.root, ...choices })
}

test('everything is found below the root, and named as that machine names it', async () => {
  const made = await plan('path /var/crash\n')
  assert.equal(made.kernel, `/boot/vmlinuz-${TREE_RELEASE}`)
  assert.equal(made.kernelSource, made.kernel)
  assert.equal(made.image, `/var/lib/kdump/initramfs-${TREE_RELEASE}kdump.img`)
  assert.equal(made.config.release, TREE_RELEASE)
  assert.deepEqual(
    made.modules.map(({ name }) => name),
    ['loop', 'squashfs', 'virtio', 'virtio_blk'],
  )
  assert.deepEqual(made.config.targets, [
    {
      ...{ kind: 'filesystem', fstype: 'ext4', uuid: 'aa-1', node: '/dev/vda1' },
      ...{ options: '', directory: '/var/crash' },
    },
  ])
  assert.match(
    made.cmdline,
    /^ro irqpoll nr_cpus=1 .* disable_cpu_apicid=0 rd\.systemd\.gpt_auto=no$/,
  )
})

test('a kernel inside a unified kernel image is loaded from where it is taken out to', async () => {
  const sections = [{ name: '.linux', content: 'kernel' }]
  tree.write('srv/vmlinuz-6.6.6', mkpe({ sections }))
  tree.write(
    'lib/modules/6.6.6/modules.dep',
    'kernel/loop.ko:\nkernel/squashfs.ko:\nkernel/virtio_blk.ko:\n',
  )
  tree.write('lib/modules/6.6.6/modules.builtin', 'kernel/fs/ext4/ext4.ko\n')
  const made = await plan('path /var/crash\n', { kernel: '/srv/vmlinuz-6.6.6' })
  assert.equal(made.kernelSource, '/srv/vmlinuz-6.6.6')
  assert.equal(made.kernel, '/var/lib/kdump/vmlinuz-6.6.6.uki')
  assert.equal(made.release, '6.6.6')
  assert.equal(made.config.release, TREE_RELEASE)
})

test('a root that its kernel calls /dev/root is found by its number', async () => {
  tree.write('proc/self/mountinfo', '25 1 254:1 / / rw - ext4 /dev/root rw\n')
  const { config } = await plan('path /var/crash\n')
  const [place] = config.targets
  assert.equal(place?.kind === 'filesystem' && place.node, '/dev/vda1')
})

test('what is missing is named', async () => {
  await assert.rejects(plan('path /none\n'), /Dump path \/none does not exist/)
  await assert.rejects(plan('ext4 UUID=bb-2\n'), /no device has UUID=bb-2/)
  await assert.rejects(
    plan('path /var/crash\n', { kernel: '/boot/none' }),
    /kernel \/boot\/none: no such file/,
  )
})
