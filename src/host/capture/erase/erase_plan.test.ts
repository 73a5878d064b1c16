// Rules on small kernels: what is found by the shape of a type, and what damaged lists cost.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  buildKernel,
  type BuiltKernel,
  type KernelRecipe,
} from '../../../../test/support/kernel_recipe.ts'
import { planErasure } from './erase_plan.ts'
import { PageEraser } from './page_eraser.ts'

const TYPES = `
  struct list_head { struct list_head *next, *prev; };
  struct key { char *text; void *blob; long blob_size; struct key *next; struct list_head list;
    char secret[16]; struct key **table; int flag; };
  percpu struct key cpu_key;`

function kernel(recipe: Omit<KernelRecipe, 'types'>): BuiltKernel {
  return buildKernel({ types: TYPES, ...recipe })
}

/** What rules erase, as `name+offset size` of the recipe's names; problems after them. */
function erased(
  { program, addressOf }: BuiltKernel,
  names: readonly string[],
  rules: string,
): string[] {
  const plan = planErasure(program, rules, 'rules')
  const places = names
    .map((name) => ({ name, at: program.memory.toPhysical(addressOf(name)) }))
    .toSorted((a, b) => b.at - a.at)
  const ranges = plan.ranges.map(({ physical, size, nullify }) => {
    const place = places.find(({ at }) => at <= physical)
    const offset = physical - (place?.at ?? 0)
    return `${place?.name}${offset === 0 ? '' : `+${offset}`} ${nullify ? 'nullify' : size}`
  })
  return [...ranges, ...plan.problems.map(({ line, message }) => `${line}: ${message}`)]
}

const KEY = '(struct key)k'
const one = kernel({
  variables: {
    k: ['struct key', { text: 'password', blob: '&blob', blob_size: 24, table: '&table' }],
    p: ['struct key *', '&k'],
    nothing: ['struct key *', 0],
  },
  objects: { blob: ['char [64]'], table: ['struct key *[4]'] },
})

test('a struct, a member and what a pointer points to are as long as their types', () => {
  assert.deepEqual(erased(one, ['k'], `erase ${KEY}`), ['k 80'])
  assert.deepEqual(erased(one, ['k'], `erase ${KEY}.secret`), ['k+48 16'])
  assert.deepEqual(erased(one, ['k'], 'erase (struct key *)p'), ['k 80'])
  assert.deepEqual(erased(one, ['k'], 'erase (struct key *)p.flag'), ['k+72 4'])
  assert.deepEqual(erased(one, ['table'], `erase ${KEY}.table`), ['table 80'])
})

test('text ends at its NUL', () => {
  const { program } = one
  const [range] = planErasure(program, `erase ${KEY}.text`, 'rules').ranges
  const bytes = new Uint8Array(9)
  program.dump.readPhysical(range?.physical ?? 0, bytes)
  assert.equal(range?.size, 8)
  assert.equal(new TextDecoder().decode(bytes), 'password\0')
})

test('a size is a number or an integer of the dump', () => {
  assert.deepEqual(erased(one, ['k', 'blob'], `erase ${KEY}.blob size ${KEY}.blob_size`), [
    'blob 24',
  ])
  assert.deepEqual(erased(one, ['k', 'blob'], `erase ${KEY}.secret size 4`), ['k+48 4'])
})

test('nullify makes the pointer itself zero', () => {
  assert.deepEqual(erased(one, ['k'], `erase ${KEY}.blob nullify`), ['k+8 nullify'])
})

test('what is NULL has nothing to erase', () => {
  assert.deepEqual(
    erased(one, [], 'erase (struct key *)nothing\nerase (struct key *)nothing.flag'),
    [],
  )
})

test('a rule that fails says why, and the others go on', () => {
  const rules = [
    [
      'erase k',
      "type not found: of variable k: write the type before the name, as in 'erase (struct foo)sym.member'",
    ],
    [
      'erase nosuch',
      "symbol not found: nosuch: take a name of /proc/kallsyms, and its module's section",
    ],
    [
      `erase ${KEY}.x`,
      "member not found: struct key has no x: 'struct NAME' of kbox crash shows the members",
    ],
    [
      `erase ${KEY}.blob`,
      "'k.blob' does not say what it points to: write size N or nullify behind it",
    ],
    [
      `erase ${KEY}.flag nullify`,
      "'k.flag' is no pointer: nullify does nothing, write size N or nothing",
    ],
    [
      `erase ${KEY}.secret size ${KEY}.text`,
      "size 'k.text' is no integer: name one, or write a number",
    ],
    [`for x in ${KEY}\nendfor`, "'k' is no array: write via MEMBER or within STRUCT:MEMBER"],
    [
      `for x in ${KEY}.flag via next\nendfor`,
      "'k.flag' is no struct or pointer to one: via has no members to follow",
    ],
    [
      `for x in ${KEY} via flag\nendfor`,
      "'flag' is no pointer: via needs a member that points to the next",
    ],
    [`for x in ${KEY} within key:list\nendfor`, "'k' is no list_head: within needs one"],
    [
      `for x in ${KEY}.list within key:flag\nendfor`,
      "'key:flag' is no list_head inside of the struct",
    ],
  ] as const
  for (const [rule, message] of rules) {
    assert.deepEqual(erased(one, ['k'], `${rule}\nerase ${KEY}.flag`), ['k+72 4', `1: ${message}`])
  }
})

test('a size variable that is damaged erases nothing', () => {
  const built = kernel({ variables: { k: ['struct key', { blob_size: 2 ** 40 }] } })
  const [problem] = erased(built, ['k'], `erase ${KEY}.secret size ${KEY}.blob_size`)
  assert.match(problem ?? '', /^1: size 'k.blob_size' is 1099511627776: one rule erases/)
})

const listed = kernel({
  variables: { head: ['struct list_head'], first: ['struct key', { next: '&b' }] },
  objects: { a: ['struct key'], b: ['struct key', { next: '&c' }], c: ['struct key'] },
  lists: { head: ['a.list', 'b.list'] },
})

test('a list_head, its next and its prev lead through the same entries', () => {
  for (const list of ['head', 'head.next', 'head.prev']) {
    const rules = `for x in (struct list_head)${list} within key:list\nerase x.flag\nendfor`
    assert.deepEqual(erased(listed, ['a', 'b'], rules), ['a+72 4', 'b+72 4'])
  }
})

test('via ends at NULL, or where it began', () => {
  const rules = 'for x in (struct key)first via next\nerase x.flag\nendfor'
  assert.deepEqual(erased(listed, ['first', 'b', 'c'], rules), ['first+72 4', 'b+72 4', 'c+72 4'])
  const ring = kernel({
    variables: { first: ['struct key', { next: '&b' }] },
    objects: { b: ['struct key', { next: '&first' }] },
  })
  assert.deepEqual(erased(ring, ['first', 'b'], rules), ['first+72 4', 'b+72 4'])
})

test('a list that never comes back to its head is left when it repeats', () => {
  const built = kernel({
    variables: { first: ['struct key', { next: '&b' }] },
    objects: { b: ['struct key', { next: '&c' }], c: ['struct key', { next: '&b' }] },
  })
  const found = erased(
    built,
    ['first', 'b', 'c'],
    'for x in (struct key)first via next\nerase x.flag\nendfor',
  )
  assert.deepEqual(found.slice(0, 3), ['first+72 4', 'b+72 4', 'c+72 4'])
  assert.match(found[3] ?? '', /^1: corrupt kernel data at .*: list cycles after/)
  assert.equal(found.length, 4)
})

test('loops run over arrays and inside of loops; elements that are NULL are passed over', () => {
  const built = kernel({
    variables: { all: ['struct key *[3]', ['&a', 0, '&b']] },
    objects: { a: ['struct key', { next: '&b' }], b: ['struct key'] },
  })
  const rules = `for x in (struct key *[3])all
    for y in x via next
      erase y.flag
    endfor
    erase x.secret
  endfor`
  assert.deepEqual(erased(built, ['a', 'b'], rules), ['a+72 4', 'b+72 4', 'a+48 16', 'b+48 16'])
})

test('a per-CPU variable is erased on every CPU', () => {
  const built = kernel({ cpus: [{ cpu_key: {} }, { cpu_key: {} }] })
  assert.deepEqual(erased(built, ['cpu_key:0', 'cpu_key:1'], 'erase cpu_key.flag'), [
    'cpu_key:0+72 4',
    'cpu_key:1+72 4',
  ])
})

test('eraseinfo has a line each range, grouped by the words of the rule; the longer of two counts', () => {
  const rules = `erase ${KEY}.secret size 4
for x in (struct key)k via next
erase x.flag
endfor
erase ${KEY}.secret
erase ${KEY}.blob nullify`
  const plan = planErasure(one.program, rules, 'rules')
  assert.equal(plan.info, 'erase k.secret size 16\nerase x.flag size 4\nerase k.blob nullify\n')
  assert.equal(plan.ranges.length, 3)
})

test('pages are overwritten across their borders and nowhere else', () => {
  const ranges = [
    { physical: 4090, size: 10, nullify: false },
    { physical: 4200, size: 8, nullify: true },
  ]
  const eraser = new PageEraser(ranges, 4096)
  const pages = [0, 1, 2].map((pfn) => {
    const bytes = new Uint8Array(4096).fill(1)
    return { had: eraser.erase(pfn, bytes), bytes }
  })
  assert.deepEqual(
    pages.map(({ had }) => had),
    [true, true, false],
  )
  const changed = pages.flatMap(({ bytes }, pfn) =>
    Array.from(bytes.entries()).flatMap(([i, byte]) =>
      byte === 1 ? [] : [[pfn * 4096 + i, byte]],
    ),
  )
  const crosses = Array.from({ length: 10 }, (_, i) => [4090 + i, 0x58])
  const zeros = Array.from({ length: 8 }, (_, i) => [4200 + i, 0])
  assert.deepEqual(changed, [...crosses, ...zeros])
})
