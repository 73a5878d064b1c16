// Declared options against command lines as people of crash and makedumpfile type them.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { optionName, parseOptions } from './options.ts'

const SPECS = {
  ascii: { type: 'boolean', short: 'a' },
  symbols: { type: 'count', short: 'S' },
  bits16: { type: 'boolean', short: '16' },
  end: { type: 'string', short: 'e' },
  member: { type: 'string', short: 'R', multiple: true },
  pageOrder: { type: 'string' },
} as const

const parse = (line: string, settings = {}): ReturnType<typeof parseOptions<typeof SPECS>> =>
  parseOptions(SPECS, line.split(' '), settings)

test('options and operands may be mixed, and what is absent has its empty value', () => {
  const { values, operands } = parse('x -a y -e 10')
  assert.deepEqual(operands, ['x', 'y'])
  assert.deepEqual(values, {
    ascii: true,
    symbols: 0,
    bits16: false,
    end: '10',
    member: [],
    pageOrder: undefined,
  })
})

test('letters cluster, and the one that takes a value takes the rest', () => {
  assert.equal(parse('-aSSe8').values.end, '8')
  assert.equal(parse('-aSSe8').values.symbols, 2)
})

test('an option of several characters is no cluster', () => {
  assert.equal(parse('-16').values.bits16, true)
})

test('a repeated string option is the last one, or all where declared multiple', () => {
  assert.deepEqual(parse('-R a -R b -e 1 -e 2').values.member, ['a', 'b'])
  assert.equal(parse('-e 1 -e 2').values.end, '2')
})

test('long names are the keys in kebab case, apart or joined or abbreviated', () => {
  assert.equal(parse('--page-order pfn').values.pageOrder, 'pfn')
  assert.equal(parse('--page-order=pfn').values.pageOrder, 'pfn')
  assert.equal(parse('--page=pfn').values.pageOrder, 'pfn')
  assert.equal(optionName('pageOrder', SPECS.pageOrder), '--page-order')
  assert.equal(optionName('end', SPECS.end), '-e')
})

test('behind -- and, where asked, behind the first operand nothing is an option', () => {
  assert.deepEqual(parse('-- -a').operands, ['-a'])
  assert.deepEqual(parse('UN bt -f', { stopAtOperand: true }).operands, ['UN', 'bt', '-f'])
})

test('negative numbers are operands only where asked and where no option has the digit', () => {
  assert.deepEqual(parse('-3', { negativeNumbers: true }).operands, ['-3'])
  assert.equal(parse('-16', { negativeNumbers: true }).values.bits16, true)
  assert.throws(() => parse('-3'), { message: "invalid option -- '3'" })
})

test('errors are in the words of getopt', () => {
  assert.throws(() => parse('-x'), { message: "invalid option -- 'x'" })
  assert.throws(() => parse('-e'), { message: "option requires an argument -- 'e'" })
  assert.throws(() => parse('--nosuch'), { message: "unrecognized option '--nosuch'" })
  assert.throws(() => parse('--ascii=1'), { message: "option '--ascii' doesn't allow an argument" })
})
