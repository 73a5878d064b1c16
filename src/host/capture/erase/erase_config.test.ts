// Texts of rules, right and wrong; what is wrong costs its line only.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type EraseRule, parseEraseConfig } from './erase_config.ts'

const rules = (text: string): readonly EraseRule[] =>
  parseEraseConfig(text, 'rules').sections.flatMap((section) => section.rules)
const problems = (text: string): string[] =>
  parseEraseConfig(text, 'rules').problems.map(
    ({ file, line, message }) => `${file}:${line}: ${message}`,
  )

test('rules before any section are those of vmlinux', () => {
  const { sections } = parseEraseConfig('erase a\n[ext4]\nerase b\n[vmlinux]\nerase c # why\n', 'f')
  assert.deepEqual(
    sections.map(({ module, rules: [rule] }) => [
      module,
      rule?.kind === 'erase' && rule.target.text,
    ]),
    [
      ['vmlinux', 'a'],
      ['ext4', 'b'],
      ['vmlinux', 'c'],
    ],
  )
})

test('an expression has a symbol, a path and perhaps a cast', () => {
  const [rule] = rules('erase (struct foo *) sym[2].mm.pgd[1]')
  assert.deepEqual(rule?.kind === 'erase' && rule.target, {
    text: 'sym[2].mm.pgd[1]',
    cast: 'struct foo *',
    name: 'sym',
    path: '[2].mm.pgd[1]',
  })
})

test('sizes are bytes, K, M, or a name', () => {
  const sizes = rules('erase a size 25\nerase a size 2K\nerase a size 3m\nerase a size b.c').map(
    (rule) => rule.kind === 'erase' && rule.size,
  )
  assert.deepEqual(sizes, [
    25,
    2048,
    3 * 1024 * 1024,
    { text: 'b.c', cast: '', name: 'b', path: 'c' },
  ])
})

test('loops have a list, a way through it, and rules', () => {
  const [via, within] = rules(
    'for x in a.b via next\n erase x\nendfor\nfor y in h within struct foo:list\n for z in y.all\n  erase z\n endfor\nendfor',
  )
  assert.ok(via?.kind === 'for' && within?.kind === 'for')
  assert.deepEqual([via.variable, via.list.text, via.via, via.body.length], ['x', 'a.b', 'next', 1])
  assert.deepEqual(within.within, { struct: 'foo', member: 'list' })
  const [inner] = within.body
  assert.ok(inner?.kind === 'for' && inner.body.length === 1)
})

test('each mistake is named with its line, its word and what to write', () => {
  for (const [text, message] of [
    ['frob x', "'frob' is no rule: begin the line with erase, for, endfor or ["],
    ['erase', 'symbol to erase is missing: write symbol or symbol.member'],
    ['erase 3x', "'3x' is no symbol to erase: write symbol or symbol.member"],
    ['erase a b', "'b' behind 'a': write size N, size SYMBOL or nullify"],
    ['erase a size', 'size is missing: write symbol or symbol.member'],
    ['erase a size 0', "'0' is no size: it must be positive"],
    [
      'erase a size -5',
      "'-5' is no size: write a number of bytes, K or M behind it for 1024 or 1048576",
    ],
    ['erase a size 2000M', "'2000M' is no size: one rule erases 1024M at most"],
    ['erase a size b c', "'c' behind the size: remove it"],
    ['endfor', "'endfor' ends no loop: remove it, or write its 'for' line"],
    ['for x', "'for x' is no loop: write for NAME in LIST, with via or within"],
    [
      'for x in a within foo',
      "'within foo' behind the list: write via MEMBER or within STRUCT:MEMBER",
    ],
    ['[a b]', "'[a b]' is no section: write [vmlinux] or [module]"],
    ['for x in a', "'for x' has no end: write endfor behind its rules"],
  ] as const) {
    assert.deepEqual(problems(`\n${text}`), [`rules:2: ${message}`])
  }
})

test('rules of a loop that is no good are skipped with it, the others go on', () => {
  const text = 'for x\n for y in a\n  erase y\n endfor\n erase x\nendfor\nerase b'
  assert.deepEqual(
    rules(text).map((rule) => rule.kind === 'erase' && rule.target.text),
    ['b'],
  )
  assert.equal(problems(text).length, 1)
})

test('loops nest up to a limit', () => {
  const nested = (count: number): string => 'for x in a\n'.repeat(count) + 'endfor\n'.repeat(count)
  assert.deepEqual(problems(nested(8)), [])
  assert.match(problems(nested(9)).join(), /rules:9: .* the limit is 8/)
})

test('any text is parsed without throwing', () => {
  const word = fc.constantFrom(
    'erase',
    'for',
    'x',
    'in',
    'via',
    'within',
    's:m',
    'endfor',
    '[',
    ']',
    'size',
    '1K',
    '(',
    ')',
    '\n',
    'nullify',
    '#',
  )
  fc.assert(
    fc.property(fc.array(fc.oneof(word, fc.string())), (words) => {
      parseEraseConfig(words.join(' '), 'rules')
    }),
  )
})
