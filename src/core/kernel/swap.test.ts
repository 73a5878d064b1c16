// Swap areas whose count of pages in use is a number, and an atomic that holds a mark besides (v6.13 and later).
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { buildKernel, type BuiltKernel } from '../../../test/support/kernel_recipe.ts'
import { forEachSwapInfo, swapInusePages, totalSwapPages } from './swap.ts'

const types = (inuse: string): string => `
  typedef struct { long counter; } atomic_long_t;
  struct file { int f_mode; };
  struct swap_info_struct { unsigned long flags; short prio; signed char type; unsigned int pages; ${inuse} inuse_pages;
    struct file *swap_file; };`

function build(inuse: string, value: object | number): BuiltKernel {
  const area = { flags: 3, prio: -2, pages: 1000, swap_file: '&file' }
  return buildKernel({
    types: types(inuse),
    variables: {
      swap_info: ['struct swap_info_struct *[3]', ['&used', '&unused', '&off']],
      nr_swapfiles: ['unsigned int', 3],
      total_swap_pages: ['long', 1000],
    },
    objects: {
      file: ['struct file'],
      used: ['struct swap_info_struct', { ...area, inuse_pages: value as never }],
      unused: ['struct swap_info_struct', { ...area, flags: 0 }],
      off: ['struct swap_info_struct', { flags: 1, pages: 5 }],
    },
  })
}

test('areas that are off are passed over', () => {
  const { program, addressOf } = build('unsigned int', 17)
  const areas = [...forEachSwapInfo(program)]
  assert.deepEqual(
    areas.map(({ address }) => address),
    [addressOf('used')],
  )
  assert.equal(totalSwapPages(program), 1000)
})

test('pages in use are told apart from the mark of an area that is full', () => {
  const used = (inuse: string, value: object | number): number => {
    const [area] = forEachSwapInfo(build(inuse, value).program)
    assert.ok(area)
    return swapInusePages(area)
  }
  assert.equal(used('unsigned int', 17), 17)
  assert.equal(used('atomic_long_t', { counter: 17 }), 17)
  assert.equal(used('atomic_long_t', { counter: 2 ** 30 + 1000 }), 1000)
  assert.equal(used('atomic_long_t', { counter: (1n << 62n) + 999n }), 999)
})

test('a kernel without swap has no areas', () => {
  const { program } = buildKernel({ types: types('unsigned int') })
  assert.deepEqual([...forEachSwapInfo(program)], [])
  assert.equal(totalSwapPages(program), 0)
})
