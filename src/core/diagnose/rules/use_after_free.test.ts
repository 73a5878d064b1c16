// Pointers read from objects that were freed: poison with slub_debug, the allocator's own words without.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { faultScene } from '../../../../test/support/fault_scene.ts'
import { placeSlab, SLAB_TYPES, type SlabSceneRecipe } from '../../../../test/support/slab_scene.ts'
import type { Finding } from '../rule.ts'
import { RULES } from '../rules.ts'
import { useAfterFree } from './use_after_free.ts'

const TYPES = `${SLAB_TYPES} struct owner { u64 id; u64 count; };
  struct frame { u64 sequence; struct owner *owner; }; u64 finish_frame(struct frame *frame);`

/** mov 0x8(%rdi),%rax; addq $1,0x8(%rax), where the frame is object 1. */
function find(pointer: bigint, slab: Partial<SlabSceneRecipe> = {}): Finding[] {
  const scene = faultScene({
    ...{ types: TYPES, cpus: [{ cache_cpu: {} }, { cache_cpu: {} }] },
    ...{ code: { finish_frame: '488b4708488340080190' }, at: 'finish_frame+4' },
    registers: { di: '&frame', ax: pointer },
    prepare(kernel) {
      const { objects, freed } = placeSlab(kernel, { name: 'frame', ...slab })
      const address = objects[1] ?? 0n
      kernel.write(address + 8n, 8, pointer)
      kernel.names.set('frame', { address, type: kernel.type('struct frame') })
      if (slab.tracks)
        kernel.set('struct track', freed(1), { addr: kernel.addressOf('release'), pid: 7 })
    },
    functions: { release: 0x40 },
    log: [`general protection fault, probably for non-canonical address 0x${pointer.toString(16)}`],
  })
  return [...useAfterFree.find(scene)]
}

const POISON = 0x6b6b_6b6b_6b6b_6b6bn
const GARBAGE = 0x1234_5678_9abc_def0n

test('the rule is among the rules', () => {
  assert.ok(RULES.includes(useAfterFree))
})

test('poison read from an object that is free is certain, with the cache and who freed it', () => {
  const [finding] = find(POISON, { free: [1], tracks: true })
  assert.equal(finding?.confidence, 'certain')
  assert.match(
    finding.title,
    /^an object of frame was used after it was freed in finish_frame\(\): frame->owner .* is POISON_FREE/,
  )
  assert.equal(finding.culprit?.function, 'finish_frame')
  assert.ok(
    finding.evidence.some(({ text }) => text.startsWith('it was freed in release by PID 7 ')),
  )
})

test('poison read from an object that is in use is only likely: it may never have been written', () => {
  const [finding] = find(POISON)
  assert.equal(finding?.confidence, 'likely')
  assert.match(finding.refutedBy[0] ?? '', /allocated/)
})

test('a word of a free object that is no pointer is likely', () => {
  const [finding] = find(GARBAGE, { free: [1] })
  assert.equal(finding?.confidence, 'likely')
  assert.match(finding.title, /what a free object holds, no pointer/)
})

test('a pointer that is none, in an object that is in use, is not of this rule', () => {
  assert.deepEqual(find(GARBAGE), [])
})
