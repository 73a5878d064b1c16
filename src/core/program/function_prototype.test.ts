// Prototypes of functions that are what they seem, and of those that are not.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { KernelBuilder } from '../../../test/support/kernel_builder.ts'
import { functionPrototype, parameterInRegister } from './function_prototype.ts'

const kernel = new KernelBuilder(`
  struct pair { long a; long b; }; struct wide { long a; long b; long c; };
  int show(void *file, struct pair pair, int count, struct wide wide, char last);
  struct wide make(int first);
  int probe(void *device);
`)
for (const name of ['show', 'make', 'probe', 'show.isra.0', 'show.cold', 'probe'])
  kernel.function(name, 0x40)
const program = kernel.build()

function parameters(name: string): (string | undefined)[] {
  const symbol = program.findSymbol(name)
  const prototype = symbol && functionPrototype(program, symbol)
  assert.ok(prototype, name)
  return [0, 1, 2, 3, 4].map((index) => {
    const found = parameterInRegister(prototype, index)
    return found && `${found.position + 1}:${found.name}`
  })
}

test('a struct of two words takes two registers, a larger one none', () => {
  assert.deepEqual(parameters('show'), ['1:file', undefined, undefined, '3:count', '5:last'])
})

test('a large result takes the first register', () => {
  assert.deepEqual(parameters('make').slice(0, 2), [undefined, '1:first'])
})

test('the cold part of a function has its prototype', () => {
  assert.deepEqual(parameters('show.cold')[0], '1:file')
})

test('a copy with other parameters, and functions of one name, have none', () => {
  for (const name of ['show.isra.0', 'probe']) {
    const symbol = program.findSymbol(name)
    assert.equal(symbol && functionPrototype(program, symbol), undefined)
  }
})
