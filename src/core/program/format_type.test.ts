// Declarations and definitions of types made from C (test/support/c_declarations.ts): what goes in comes out.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { btfOfC } from '../../../test/support/c_declarations.ts'
import { Btf } from '../debuginfo/btf.ts'
import type { Type } from '../debuginfo/type.ts'
import { formatDefinition, formatType } from './format_type.ts'
import { parseType } from './parse_type.ts'

function typeOf(declarations: string, name: string): Type {
  return parseType(name, [new Btf('test', btfOfC(declarations).bytes)], 8)
}

const definitionOf = (declarations: string, name: string): string[] =>
  Array.from(formatDefinition(typeOf(declarations, name)), ({ depth, text, bitOffset }) => {
    const offset = bitOffset === undefined ? '' : ` @${bitOffset}`
    return `${'  '.repeat(depth)}${text}${offset}`
  })

/** Members that must come out as they went in. */
const MEMBERS = [
  'int plain',
  'const char *name',
  'char *const fixed',
  'volatile unsigned long word',
  'struct s *list[4]',
  'int grid[2][3]',
  'int (*poll)(struct s *, unsigned int)',
  'void (*stop)(void)',
  'int (*format)(const char *, ...)',
  'struct s *(*lookup)(struct s *)',
  'unsigned long long count',
  'bool yes',
]

for (const member of MEMBERS) {
  test(`the member ${member} is printed as declared`, () => {
    const wanted = member.replace('*const fixed', '* const fixed')
    const lines = definitionOf(`struct s { ${member.replace('bool', '_Bool')}; };`, 'struct s')
    assert.equal(lines[1]?.trim().replace(/ @0$/, ''), `${wanted};`)
  })
}

test('anonymous structs show their members, with offsets from the outermost struct', () => {
  const declarations = 'struct s { int a; union { int b; struct { char c; char d; } e; }; };'
  assert.deepEqual(definitionOf(declarations, 'struct s'), [
    'struct s {',
    '  int a; @0',
    '  union {',
    '    int b; @32',
    '    struct {',
    '      char c; @32',
    '      char d; @40',
    '    } e; @32',
    '  };',
    '}',
  ])
})

test('bit fields show their width', () => {
  const lines = definitionOf('struct s { unsigned a : 3; unsigned b : 5; };', 'struct s')
  assert.deepEqual(lines.slice(1, 3), ['  unsigned int a : 3; @0', '  unsigned int b : 5; @3'])
})

test('a flexible array has no length', () => {
  assert.equal(
    definitionOf('struct s { int n; char tail[]; };', 'struct s')[2],
    '  char tail[]; @32',
  )
})

test('a struct without members says so', () => {
  assert.deepEqual(definitionOf('struct s { };', 'struct s'), [
    'struct s {',
    '  <no data fields>',
    '}',
  ])
})

test('a typedef is that of the last type behind it', () => {
  const declarations =
    'typedef int kernel_pid_t; typedef kernel_pid_t pid_t; typedef struct { int counter; } atomic_t;'
  assert.deepEqual(definitionOf(declarations, 'pid_t'), ['typedef int pid_t;'])
  assert.deepEqual(definitionOf(declarations, 'atomic_t'), [
    'typedef struct {',
    '  int counter; @0',
    '} atomic_t;',
  ])
})

test('an enum lists its values', () => {
  assert.deepEqual(definitionOf('enum e { LOW = -1, HIGH = 4 };', 'enum e'), [
    'enum e {',
    '  LOW = -1',
    '  HIGH = 4',
    '};',
  ])
})

test('a type without name is its declaration alone', () => {
  const declarations = 'struct s { struct s *next; };'
  assert.equal(formatType(typeOf(declarations, 'struct s *')), 'struct s *')
  assert.equal(formatType(typeOf(declarations, 'struct s * [3]')), 'struct s *[3]')
})

test('pointers to arrays, const pointers to functions and arrays of them keep their parentheses', () => {
  const int = typeOf('struct s { int a; };', 'int')
  const pointer = (target: Type): Type => ({ kind: 'pointer', size: 8, target })
  const call: Type = { kind: 'function', returns: int, parameters: [], variadic: false }
  const array = (element: Type): Type => ({ kind: 'array', element, length: 3 })
  const constant = (target: Type): Type => ({ kind: 'const', name: '', target })
  assert.equal(formatType(pointer(array(int)), 'x'), 'int (*x)[3]')
  assert.equal(formatType(constant(pointer(call)), 'x'), 'int (* const x)(void)')
  assert.equal(formatType(array(pointer(call)), 'x'), 'int (*x[3])(void)')
  assert.equal(formatType(constant(array(int)), 'x'), 'const int x[3]')
  assert.equal(formatType(pointer(constant(int))), 'const int *')
})
