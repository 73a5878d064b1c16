// The stack protector's panic, and other panics.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sceneOf } from '../../../../test/support/scene.ts'
import { stackCorruption } from './stack_corruption.ts'

const text = (value: string): bigint =>
  new DataView(new TextEncoder().encode(value).buffer).getBigUint64(0, true)

test('the function whose frame was overrun is to blame, and what was written is shown', () => {
  const words = [text('AAAAAAAA'), text('AAAABBBB'), text('CCCCCCCC')]
  const frames = ['panic', '__stack_chk_fail', { name: 'label_parse', words }, 'vfs_write']
  const [finding] = stackCorruption.find(
    sceneOf({
      ...{ tasks: { sh: { pid: 234, cpu: 0, frames } }, panicCpu: 0 },
      log: [
        'Kernel panic - not syncing: stack-protector: Kernel stack is corrupted in: label_parse+0x85/0x90 [hub]',
      ],
    }),
  )
  assert.equal(finding?.title, 'an array on the stack was overrun in label_parse()')
  assert.equal(finding?.confidence, 'certain')
  assert.ok(
    finding?.evidence.some(({ text: shown }) => shown.includes('"AAAAAAAAAAAABBBBCCCCCCCC')),
  )
})

test('other panics are none', () => {
  const frames = ['panic', 'hub_probe', 'vfs_write']
  const scene = sceneOf({ tasks: { sh: { pid: 234, cpu: 0, frames } }, panicCpu: 0 })
  assert.deepEqual([...stackCorruption.find(scene)], [])
})
