// Types of small kernels as declarations: every kind of C type, and names that TypeScript has other uses for.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SMALL_KERNEL, smallKernel } from '../../../test/support/small_kernel.ts'
import { NotFoundError } from '../base/errors.ts'
import { renderKernelTypes } from './render_kernel_types.ts'

const MORE = `
  struct inner { int x; };
  typedef struct { int slock; } lock_t;
  typedef struct inner inner_t;
  struct shapes {
    int class; unsigned flag : 3; lock_t lock; inner_t in; inner_t *pointer; struct inner **pp; void *any;
    char name[8]; struct inner table[2][3]; struct inner *few[4];
    struct { int depth; union { long a; struct inner *b; }; } nested;
    struct { int first; };
    enum pid_type kind; int (*call)(int); struct unknown *opaque;
  };
`

function lines(only?: readonly string[]): string[] {
  const { program } = smallKernel({ types: (SMALL_KERNEL.types ?? '') + MORE })
  return [...renderKernelTypes(program, only ? { only } : {})]
}

const line = (all: readonly string[], name: string): string =>
  all.find((each) => each.startsWith(`    ${name}: `)) ?? ''

test('members are C types that can be followed: typedefs and qualifiers gone, pointers and arrays behind', () => {
  const shapes = line(lines(), 'shapes')
  for (const member of [
    'class: "int"',
    'flag: "unsigned int" /* 3 bits */',
    'lock: "lock_t"',
    'in: "inner"',
    'pointer: "inner *"',
    'pp: "inner * *"',
    'any: "void *"',
    'name: "char[8]"',
    'table: "inner[2][3]"',
    'few: "inner *[4]"',
    'kind: "enum pid_type"',
    'call: "function *"',
    'opaque: "unknown *"',
  ])
    assert.ok(
      shapes.includes(`${member};`) || shapes.includes(`${member} }`),
      `${member} in ${shapes}`,
    )
})

test('members of anonymous structs are their own; a nameless struct of a member is named by its path', () => {
  const all = lines()
  assert.match(line(all, 'shapes'), /; first: "int"; /)
  assert.match(line(all, 'shapes'), /nested: "shapes\.nested"/)
  assert.match(line(all, '"shapes.nested"'), /\{ depth: "int"; a: "long int"; b: "inner \*" \}/)
})

test('typedefs, enums and variables are known as well', () => {
  const all = lines()
  assert.match(line(all, 'lock_t'), /\{ slock: "int" \}/)
  assert.equal(line(all, 'inner_t'), '    inner_t: "inner"')
  assert.match(line(all, 'pid_type'), /"PIDTYPE_PID" \| "PIDTYPE_TGID"/)
  assert.equal(line(all, 'runqueues'), '    runqueues: "rq"')
  assert.equal(line(all, 'init_task'), '    init_task: "task_struct"')
})

test('only what was asked for is written with what lies inside it, and others are said to be unknown', () => {
  const all = lines(['shapes'])
  assert.ok(all.includes('  interface KernelScope { partial: true }'))
  assert.notEqual(line(all, 'inner'), '')
  assert.equal(line(all, 'task_struct'), '')
  assert.throws(() => lines(['nosuch']), NotFoundError)
})
