// search over a small kernel: what lies in the direct map, and what does not.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { crashSession } from '../../../../test/support/crash_session.ts'

const { text, addressOf } = crashSession({
  objects: {
    words: ['unsigned long [4]', [0xdead_beef_0000_1234n, 0x1234n, 0xffff_1234n, 0n]],
    // 'needle' lies across the edge of two pages.
    pages: ['char [8192]'],
    lost: ['unsigned long [1]', [0x7777_7777n]],
  },
  excluded: ['lost'],
})
const hex = (reference: string): string => addressOf(reference).toString(16)
const range = `-s ${hex('words')} -l 32`

test('a value is found at multiples of its size, and shown as it is there', () => {
  assert.deepEqual(text(`search ${range} 1234`), [`${hex('words+8')}: 1234 `])
  assert.deepEqual(text(`search -w ${range} 1234`), [
    `${hex('words')}: 1234 `,
    `${hex('words+8')}: 1234 `,
  ])
  assert.equal(text(`search -h ${range} 1234`).length, 3)
  assert.deepEqual(text(`search -m ffffffffffff0000 ${range} 1234`), [
    `${hex('words')}: deadbeef00001234 `,
    `${hex('words+8')}: 1234 `,
    `${hex('words+16')}: ffff1234 `,
  ])
})

test('several values are found in the order of addresses, symbols with their names', () => {
  assert.deepEqual(text(`search ${range} ffff1234 deadbeef00001234`), [
    `${hex('words')}: deadbeef00001234 `,
    `${hex('words+16')}: ffff1234 `,
  ])
  const lines = text('search init_task')
  assert.ok(lines.length > 1)
  assert.ok(lines[0]?.endsWith(`: ${hex('init_task')} (init_task)`))
})

test('-x shows what lies around', () => {
  assert.deepEqual(text(`search ${range} 1234 -x 1`), [
    `${hex('words')}:  deadbeef00001234                    4.......`,
    `${hex('words+8')}:  0000000000001234 `,
    `${hex('words+16')}:  00000000ffff1234                    4.......`,
  ])
})

test('what is not in the dump is passed over', () => {
  assert.deepEqual(text('search -p 77777777'), [''])
})

test('a text is found anywhere, and shown with what follows', () => {
  const [line = ''] = text('search -c kthreadd')
  assert.match(line, new RegExp(`^${hex('kthreadd.comm')}: kthreadd\\.\\.\\.`))
})

test('crash words refuse what makes no sense', () => {
  assert.equal(text('search -t -T 5')[0], 'search: -t and -T options are mutually exclusive')
  assert.equal(text('search -h 12345')[0], 'search: value too large for -h option: 12345')
  assert.equal(text('search zzz')[0], 'search: invalid input: "zzz"')
  assert.equal(text('search -x 1 -c a')[0], 'search: -x option is not allowed with -c')
  assert.equal(text('search -s 0 5')[0], 'search: invalid kernel virtual address: 0')
  assert.match(text(`search -s ${hex('words+4')} -l 8 5`)[0] ?? '', /rounding down start address/)
})
