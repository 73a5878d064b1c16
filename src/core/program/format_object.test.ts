// Objects of a small dumped kernel as gdb and crash would print them.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { KernelBuilder } from '../../../test/support/kernel_builder.ts'
import { buildKernel, type Placed } from '../../../test/support/kernel_recipe.ts'
import {
  checkReadable,
  formatExpression,
  formatObject,
  type FormatOptions,
} from './format_object.ts'

const TYPES = `
  typedef unsigned char u8;
  enum state { IDLE, RUNNING, WAITING, STOPPED };
  enum flags { READ = 1, WRITE = 2, EXEC = 4 };
  struct pair { int a; int b; };
  struct item {
    struct item *next; const char *name; void (*run)(int); char text[8]; u8 byte; _Bool yes; int small;
    enum state state; enum flags flags; unsigned low : 3; int high : 4; double ratio;
    int numbers[3]; struct pair pairs[2]; struct { } nothing; __int128 wide; u8 tail[];
  };
`

function show(variable: Placed, options: Partial<FormatOptions> = {}): string {
  const { program } = buildKernel({
    types: TYPES,
    variables: { it: variable },
    functions: { start: 64 },
  })
  return formatObject(program.object('it', variable[0]), { radix: 10, ...options })
}

const member = (values: object, name: string, options: Partial<FormatOptions> = {}): string => {
  const text = show(['struct item', values as Placed[1] & object], options)
  const line = text.split('\n').find((candidate) => candidate.startsWith(`  ${name} = `))
  return line?.replace(`  ${name} = `, '').replace(/,$/, '') ?? ''
}

test('a struct is braces around its members, arrays of structs open on the same line', () => {
  const text = show(['struct item', { pairs: [{ a: 1, b: 2 }, { a: 3 }], numbers: [7, -8] }])
  assert.equal(
    text,
    `{
  next = 0x0,
  name = 0x0,
  run = 0x0,
  text = "\\000\\000\\000\\000\\000\\000\\000",
  byte = 0 '\\000',
  yes = false,
  small = 0,
  state = IDLE,
  flags = 0,
  low = 0,
  high = 0,
  ratio = 0,
  numbers = {7, -8, 0},
  pairs = {{
      a = 1,
      b = 2
    }, {
      a = 3,
      b = 0
    }},
  nothing = {<No data fields>},
  wide = 0,
  tail = 0xffffffff82000070 <it+112> ""
}`,
  )
})

test('pointers show the symbol they point to or into, and text', () => {
  assert.equal(member({ next: '&it' }, 'next'), '0xffffffff82000000 <it>')
  assert.equal(member({ next: '&it.text' }, 'next'), '0xffffffff82000018 <it+24>')
  assert.equal(member({ run: '&start' }, 'run'), '0xffffffff81000040 <start>')
  assert.match(member({ name: 'ext4' }, 'name'), /^0xffff8880[\da-f]+ "ext4"$/)
})

test('a pointer to text that is not in the dump says so behind the address', () => {
  assert.equal(member({ name: 0xffff_8880_0700_0000n }, 'name'), '0xffff888007000000 (fault)')
})

test('characters are escaped as C, in three octal digits where they have no other name', () => {
  assert.equal(member({ text: 'a"\\\n\x001' }, 'text'), String.raw`"a\"\\\n\0001\000"`)
  assert.equal(member({ byte: 0x27 }, 'byte'), String.raw`39 '\''`)
  assert.equal(member({ byte: 255 }, 'byte'), String.raw`255 '\377'`)
})

test('text ends at its first NUL where asked', () => {
  assert.equal(member({ text: 'ab' }, 'text', { stopAtNul: true }), '"ab"')
})

test('radix 16 shows numbers as their bits, and not as characters', () => {
  const options = { radix: 16 } as const
  assert.equal(member({ small: -1 }, 'small', options), '0xffffffff')
  assert.equal(member({ byte: 65 }, 'byte', options), '0x41')
  assert.equal(member({ yes: 1 }, 'yes', options), '0x1')
  assert.equal(member({ text: 'ab' }, 'text', options), String.raw`"ab\000\000\000\000\000"`)
})

test('enums show names, flags joined, and what has no name', () => {
  assert.equal(member({ state: 'STOPPED' }, 'state'), 'STOPPED')
  assert.equal(member({ state: 9 }, 'state'), '9')
  assert.equal(member({ flags: 5 }, 'flags'), '(READ | EXEC)')
  assert.equal(member({ flags: 9 }, 'flags'), '(READ | unknown: 0x8)')
})

test('bit fields have the sign of their type', () => {
  assert.equal(member({ low: 5 }, 'low'), '5')
  assert.equal(member({ high: -3 }, 'high'), '-3')
})

test('long arrays and strings are cut', () => {
  assert.equal(member({ numbers: [1, 2, 3] }, 'numbers', { elementsMax: 2 }), '{1, 2...}')
  assert.equal(member({ text: 'abcdef' }, 'text', { elementsMax: 3 }), '"abc"...')
})

test('members on a page that was filtered out show (excluded), the others their values', () => {
  const kernel = new KernelBuilder('struct big { int first; char gap[4092]; int second; };')
  const at = kernel.place('struct big', { first: 1 }, 4096)
  kernel.exclude(at + 4096n)
  const object = kernel.build().objectAt('struct big', at)
  checkReadable(object)
  const text = formatObject(object, { radix: 10, elementsMax: 1 })
  assert.match(text, /first = 1,/)
  assert.match(text, /second = \(excluded\)/)
})

test('an object of which nothing can be read is an error', () => {
  const kernel = new KernelBuilder('struct small { int first; };')
  const at = kernel.place('struct small', {}, 4096)
  kernel.exclude(at)
  const object = kernel.build().objectAt('struct small', at)
  assert.throws(() => checkReadable(object), { name: 'FaultError', reason: 'excluded' })
})

test('an expression shows the type of a pointer, but of text', () => {
  const { program } = buildKernel({
    types: TYPES,
    variables: { it: ['struct item *', '&it'], name: ['char *', 'abc'] },
    functions: { start: 64 },
  })
  const options = { radix: 10 } as const
  assert.equal(
    formatExpression(program.object('it', 'struct item *'), options),
    '(struct item *) 0xffffffff82000000 <it>',
  )
  assert.match(formatExpression(program.object('name', 'char *'), options), /^0x[\da-f]+ "abc"$/)
})
