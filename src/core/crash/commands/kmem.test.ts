// kmem's words: what it refuses, and what a kernel without the subsystem makes of it. Numbers: test/compat/claims/kmem.ts.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { crashSession } from '../../../../test/support/crash_session.ts'

/** Headings and problems; rows are read, as a problem may come with them. */
function linesOf(line: string): string[] {
  const text: string[] = []
  for (const block of crashSession().run(line)) {
    if (block.kind === 'problem') text.push(`${block.command}: ${block.message}`)
    if (block.kind === 'lines') text.push(...block.lines)
    if (block.kind === 'table') {
      const rows = [...block.rows]
      text.push(block.layout?.heading ?? '', ...rows.map(() => ''))
    }
  }
  return text
}
const first = (line: string): string => linesOf(line)[0] ?? ''

test('one flag at a time, as in crash', () => {
  assert.equal(first('kmem -sv'), 'kmem: only one flag allowed!')
  assert.equal(first('kmem'), 'kmem: argument missing')
})

test('reports of the whole take no addresses', () => {
  for (const option of ['-i', '-V', '-n', '-z', '-o', '-h'])
    assert.equal(
      first(`kmem ${option} 1000`),
      'kmem: no address arguments allowed with this option',
      option,
    )
})

test('what left Linux before v5.10 is refused in crash’s words', () => {
  for (const option of ['-c', '-C', '-r'])
    assert.equal(
      first(`kmem ${option}`),
      `kmem: ${option} option not supported or applicable on this architecture or kernel`,
    )
})

test('a subsystem that a kernel lacks is named', () => {
  assert.match(linesOf('kmem -s').at(-1) ?? '', /^kmem: symbol not found: slab_caches$/)
  assert.match(linesOf('kmem -v').at(-1) ?? '', /^kmem: symbol not found: vmap_area_list$/)
  assert.deepEqual(linesOf('swap'), ['no swap devices configured'])
  assert.deepEqual(linesOf('kmem -h'), ['(no hugepages)'])
  assert.match(linesOf('mach -m').at(-1) ?? '', /^mach: symbol not found: e820_table$/)
})

test('optional values are joined to their option', () => {
  assert.match(first('kmem -i=shared'), /PAGES +TOTAL +PERCENTAGE/)
  assert.ok(linesOf('kmem -i --code').includes('console.log({'))
  assert.match(first('kmem -S=9 dentry'), /cpu 9 is not online/)
})
