// Commands that turn one number into another, on a small kernel.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { renderText } from '../core/render/render_text.ts'
import { crashSession } from '../../test/support/crash_session.ts'

const { run, addressOf } = crashSession()
const text = (line: string): string[] => Array.from(renderText(run(line)), (each) => each.trimEnd())

test('eval shows a sum in every radix, and which bits it has', () => {
  assert.deepEqual(text('eval -b (1 << 27)'), [
    'hexadecimal: 8000000  (128MB)',
    '    decimal: 134217728',
    '      octal: 1000000000',
    `     binary: ${(1 << 27).toString(2).padStart(64, '0')}`,
    '   bits set: 27',
  ])
  assert.match(text('eval ~0')[1] ?? '', /^ +decimal: 18446744073709551615 {2}\(-1\)$/)
})

test('eval takes symbols, units and expressions of C', () => {
  const value = (line: string): string => (text(line)[0] ?? '').split(/\s+/)[1] ?? ''
  assert.equal(value('eval init_task + 8'), (addressOf('init_task') + 8n).toString(16))
  assert.equal(value('eval 10k + 1m'), '102800')
  assert.equal(value('eval sizeof(struct list_head) * 3'), '30')
  assert.equal(value('eval abc'), 'abc')
})

test('eval refuses what has no value', () => {
  assert.deepEqual(text('eval zzz')[0], 'eval: invalid expression: (zzz)')
  assert.deepEqual(text('eval 1 % 0')[0], 'eval: division by zero')
  assert.match(text('eval (1 << ffffffff)')[0] ?? '', /^hexadecimal: 0/)
})

test('btop and ptob divide and multiply by the size of a page', () => {
  assert.deepEqual(text('btop 512a001'), ['512a001: 512a'])
  assert.deepEqual(text('ptob 512a'), ['512a: 512a000'])
  assert.equal(text('btop zz')[0], 'btop: invalid input: "zz"')
  assert.equal(text('ptob zz')[0], 'ptob: not a valid number: zz')
})

test('ptov adds the direct map, or what each CPU adds', () => {
  assert.deepEqual(text('ptov 56e000'), ['VIRTUAL           PHYSICAL', 'ffff88800056e000  56e000'])
  assert.equal(text('ptov 0:a').length, 3)
  assert.equal(text('ptov 0:9')[0], 'ptov: invalid cpu specification: 9')
})

test('pte says what an entry maps, or where in swap it leads', () => {
  assert.deepEqual(text('pte d8e067'), [
    ' PTE    PHYSICAL  FLAGS',
    'd8e067   d8e000   (PRESENT|RW|USER|ACCESSED|DIRTY)',
  ])
  assert.match(text('pte 0')[1] ?? '', /\(no mapping\)$/)
  assert.match(text('pte 13f600')[1] ?? '', /^13f600 {2}\(unknown swap location\)/)
})

test('ascii spells a word as memory has it', () => {
  assert.deepEqual(text('ascii 62696c2f7273752f'), ['62696c2f7273752f: /usr/lib'])
  assert.deepEqual(text('ascii 88410a7f'), ['0000000088410a7f: <DEL><LF>A<88><NUL><NUL><NUL><NUL>'])
  assert.equal(text('ascii').length, 20)
})
