// glibc's rules as properties: a command line written in any of the allowed forms means the same.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { UsageError } from './errors.ts'
import { type GetoptOption, parseGetopt } from './getopt.ts'

const OPTIONS: readonly GetoptOption[] = [
  { name: 'c', letter: 'c', argument: 'none' },
  { name: 'd', letter: 'd', long: 'dump-level', argument: 'required' },
  { name: 'stats', long: 'show-stats', argument: 'none' },
  { name: 'split', long: 'split', argument: 'none' },
  { name: 'size', long: 'splitblock-size', argument: 'required' },
  { name: 'b', letter: 'b', long: 'block', argument: 'optional' },
]

const value = fc.stringMatching(/^[a-z0-9=,./-]{1,8}$/)
const operand = fc.stringMatching(/^[a-z0-9./][a-z0-9./-]{0,8}$/)

/** One option in one of its forms, or an operand, and what it must come out as. */
const item = fc.oneof(
  operand.map((text) => ({ words: [text], option: undefined, operand: text })),
  fc.constantFrom(['-c'], ['--show-stats'], ['--show'], ['--split']).map((words) => ({
    words,
    option: {
      name: words[0] === '-c' ? 'c' : words[0] === '--split' ? 'split' : 'stats',
      argument: '',
    },
    operand: undefined,
  })),
  fc.tuple(fc.nat(4), value).map(([form, argument]) => ({
    words: [
      ['-d', argument],
      [`-d${argument}`],
      ['--dump-level', argument],
      [`--dump-level=${argument}`],
      [`--dump=${argument}`],
    ][form] as string[],
    option: { name: 'd', argument },
    operand: undefined,
  })),
  fc.option(value, { nil: '' }).map((argument) => ({
    words: [argument === '' ? '-b' : `-b${argument}`],
    option: { name: 'b', argument },
    operand: undefined,
  })),
)

test('options and operands come out in order, whatever the form and the mixture', () => {
  fc.assert(
    fc.property(fc.array(item), fc.array(value), fc.boolean(), (items, rest, hasEnd) => {
      const argv = [...items.flatMap(({ words }) => words), ...(hasEnd ? ['--', ...rest] : [])]
      const { options, operands } = parseGetopt(argv, OPTIONS)
      assert.deepEqual(
        options,
        items.flatMap(({ option }) => option ?? []),
      )
      const expected = items.flatMap((one) => one.operand ?? [])
      assert.deepEqual(operands, hasEnd ? [...expected, ...rest] : expected)
    }),
  )
})

test('letters share a word until one takes an argument', () => {
  assert.deepEqual(parseGetopt(['-ccd31', '-cd', '7'], OPTIONS).options, [
    { name: 'c', argument: '' },
    { name: 'c', argument: '' },
    { name: 'd', argument: '31' },
    { name: 'c', argument: '' },
    { name: 'd', argument: '7' },
  ])
})

test('errors are glibc’s', () => {
  for (const [argv, message] of [
    [['-x'], "invalid option -- 'x'"],
    [['-cx'], "invalid option -- 'x'"],
    [['-d'], "option requires an argument -- 'd'"],
    [['--nope=1'], "unrecognized option '--nope=1'"],
    [['--dump-level'], "option '--dump-level' requires an argument"],
    [['--show-stats=1'], "option '--show-stats' doesn't allow an argument"],
    [
      ['--s'],
      "option '--s' is ambiguous; possibilities: '--show-stats' '--split' '--splitblock-size'",
    ],
  ] as const) {
    assert.throws(
      () => parseGetopt([...argv], OPTIONS),
      (error) => error instanceof UsageError && error.message === message,
      argv.join(' '),
    )
  }
})

test('any command line parses or is refused, never more', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ maxLength: 12 })), (argv) => {
      try {
        parseGetopt(argv, OPTIONS)
      } catch (error) {
        assert.ok(error instanceof UsageError)
      }
    }),
  )
})
