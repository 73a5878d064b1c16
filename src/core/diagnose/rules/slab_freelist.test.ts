// An allocation that takes the next free object from a list that was written over.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { faultScene } from '../../../../test/support/fault_scene.ts'
import { placeSlab, SLAB_TYPES } from '../../../../test/support/slab_scene.ts'
import type { Finding } from '../rule.ts'
import { RULES } from '../rules.ts'
import { slabFreelist } from './slab_freelist.ts'

const WRITTEN = 0x4142_4344_4546_4748n

/** mov 0x200(%rcx),%rbx, with the cache in %rdi. */
function find(name: string, next: bigint): Finding[] {
  const scene = faultScene({
    types: SLAB_TYPES,
    cpus: [{ cache_cpu: {} }, { cache_cpu: {} }],
    code: { [name]: '488b9900020000' },
    at: name,
    callers: ['journal_reserve', 'kthread'],
    registers: { cx: WRITTEN, di: '&cache' },
    prepare(kernel) {
      const { cache, objects } = placeSlab(kernel, { name: 'journal' })
      kernel.names.set('cache', { address: cache, type: kernel.type('struct kmem_cache') })
      kernel.write((objects[2] ?? 0n) + 512n, 8, WRITTEN)
      kernel.write(kernel.addressOf('cache_cpu:0'), 8, next)
      const page = BigInt.asUintN(64, (objects[0] ?? 0n) - 0xffff_8880_0000_0000n) / 4096n
      kernel.set('struct kmem_cache_cpu', kernel.addressOf('cache_cpu:0'), {
        slab: kernel.addressOf('vmemmap') + page * 64n,
      })
    },
    log: ['general protection fault, probably for non-canonical address 0x4142434445464948: 0000'],
  })
  return [...slabFreelist.find(scene)]
}

test('the rule is among the rules', () => {
  assert.ok(RULES.includes(slabFreelist))
})

test('the object that was written to is found by what the CPU has next', () => {
  const [finding] = find('kmem_cache_alloc', WRITTEN)
  assert.equal(
    finding?.title,
    'the list of free objects of journal was written over, which an allocation met in journal_reserve()',
  )
  assert.equal(finding.confidence, 'likely')
  assert.match(finding.evidence[1]?.text ?? '', /which holds 0x4142434445464748 where its link/)
})

test('a fault elsewhere in an allocation is not of the list', () => {
  assert.deepEqual(find('kmem_cache_alloc', 0n), [])
})

test('who does not allocate does not meet the list', () => {
  assert.deepEqual(find('journal_write', WRITTEN), [])
})
