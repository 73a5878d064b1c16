// sbitmapq: the tags of the guest's first virtual disk. crash 9.0.2 fails from Linux 6.1 on, for want of wait_cnt.
import assert from 'node:assert/strict'
import type { Program } from '../../../src/core/program/program.ts'
import { forEachDisk, forEachHwContext } from '../../../src/core/kernel/block.ts'
import type { KObject } from '../../../src/core/program/kobject.ts'
import { defineClaims, drgnClaim, sameAsCrash } from './claim.ts'

function firstTags(program: Program): KObject {
  for (const disk of forEachDisk(program)) {
    if (disk.string('disk_name') !== 'vda') continue
    for (const context of forEachHwContext(disk.get('queue').deref()))
      return context.get('tags').deref()
  }
  throw new Error('no vda')
}

const line =
  (options: string) =>
  (program: Program): string => {
    const tags = firstTags(program)
    const array = tags.pointer('static_rqs').toString(16)
    return `sbitmapq ${options.replace('ARRAY', array)} ${tags.get('bitmap_tags').address.toString(16)}`
  }

const BITMAP = `
disk = next(disk for disk in for_each_disk(prog) if disk_name(disk) == b"vda")
q = disk.queue
try:
    hctx = q.queue_hw_ctx[0]
except AttributeError:
    hctx = cast("struct blk_mq_hw_ctx *", xa_load(q.hctx_table.address_of_(), 0))
tags = hctx.tags
sbq = tags.bitmap_tags
bits = list(sbitmap_for_each_set(sbq.sb.address_of_()))
result = {
    "depth": sbq.sb.depth.value_(), "map_nr": sbq.sb.map_nr.value_(), "busy": len(bits),
    "bits_per_word": 1 << sbq.sb.shift.value_(), "wake_batch": sbq.wake_batch.value_(),
    "alloc_hint": [per_cpu_ptr(sbq.sb.alloc_hint, cpu)[0].value_() for cpu in for_each_possible_cpu(prog)],
    "min_shallow_depth": sbq.min_shallow_depth.value_(),
    "round_robin": int(sbq.sb.round_robin.value_()),
    "requests": [[bit, hex(tags.static_rqs[bit].value_())] for bit in bits],
}`

export const sbitmapq = defineClaims([
  ...['', '-x', '-d'].map((options) =>
    drgnClaim(
      line(options),
      BITMAP,
      ({ rows }, theirs) => {
        const value = (name: string): unknown => rows.find((row) => row.name === name)?.value
        for (const name of ['depth', 'map_nr', 'busy', 'bits_per_word', 'wake_batch'])
          assert.equal(value(name), theirs[name], name)
        assert.equal(value('round_robin'), theirs.round_robin)
        assert.equal(value('min_shallow_depth'), theirs.min_shallow_depth)
        assert.equal(value('alloc_hint'), `{${theirs.alloc_hint.join(', ')}}`)
      },
      { shows: `sbitmapq ${options} ADDRESS`.replace('  ', ' ') },
    ),
  ),
  drgnClaim(
    line('-s request -a ARRAY -p'),
    BITMAP,
    ({ rows }, theirs) =>
      assert.deepEqual(
        rows.map(({ bit, address }) => [bit, address]),
        theirs.requests,
      ),
    { shows: 'sbitmapq -s request -a ARRAY -p ADDRESS' },
  ),
  sameAsEmpty('-s request.q,tag -a ARRAY -p -v'),
])

/** An idle disk has no tags taken: neither prints anything. */
function sameAsEmpty(options: string): ReturnType<typeof sameAsCrash> {
  return {
    ...sameAsCrash(line(options)),
    shows: `sbitmapq ${options} ADDRESS`,
    check: ({ lines }, theirs) => assert.deepEqual(lines, theirs),
  }
}
