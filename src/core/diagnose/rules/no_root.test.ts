// Boots that ended without a root or an init, in the words of 5.10 and 6.x.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sceneOf } from '../../../../test/support/scene.ts'
import { noRoot } from './no_root.ts'

test('a root that cannot be mounted is named as the command line has it', () => {
  const scene = sceneOf({
    log: [
      'Kernel command line: root=/dev/vda1 quiet root=/dev/vda9 ro',
      'VFS: Cannot open root device "/dev/vda9" or unknown-block(0,0): error -6',
      'Please append a correct "root=" boot option; here are the available partitions:',
      'Kernel panic - not syncing: VFS: Unable to mount root fs on unknown-block(0,0)',
    ],
  })
  const [finding] = noRoot.find(scene)
  assert.equal(
    finding?.title,
    'no root file system: unknown-block(0,0) could not be mounted; the command line said root=/dev/vda9',
  )
  assert.equal(finding.culprit?.unit, 'root=/dev/vda9')
  assert.ok(finding.evidence.some(({ text }) => text.includes('Cannot open root device')))
})

test('the command line is found in memory too', () => {
  const scene = sceneOf({
    log: ['Kernel panic - not syncing: VFS: Unable to mount root fs on "" or unknown-block(8,1)'],
    variables: { saved_command_line: ['char *', 'root=UUID=1234 quiet'] },
  })
  assert.match([...noRoot.find(scene)][0]?.title ?? '', /root=UUID=1234$/)
})

test('a root without an init is another thing', () => {
  const titles = [
    'Requested init /sbin/foo failed (error -2).',
    'No working init found.  Try passing init=',
  ]
    .map((reason) => sceneOf({ log: [`Kernel panic - not syncing: ${reason}`] }))
    .map((scene) => [...noRoot.find(scene)][0]?.title)
  assert.deepEqual(titles, [
    'no init: /sbin/foo failed (error -2)',
    'no init: none of the usual programs could be run',
  ])
})

test('another panic is none', () => {
  assert.deepEqual([...noRoot.find(sceneOf({ log: ['Kernel panic - not syncing: why'] }))], [])
})
