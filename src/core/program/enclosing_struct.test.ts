// Structs of a module around one of the kernel.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { btfOfC } from '../../../test/support/c_declarations.ts'
import { KernelBuilder } from '../../../test/support/kernel_builder.ts'
import { Btf } from '../debuginfo/btf.ts'
import { enclosingStruct, type EnclosingStruct } from './enclosing_struct.ts'

const KERNEL = 'struct timer { long expires; void *function; }; struct timer *any_timer(void);'

/** What lies at an offset from a timer in the module `clock`. */
function at(declarations: string, offset: number, size = 8): EnclosingStruct | undefined {
  const kernel = new KernelBuilder(KERNEL)
  const base = btfOfC(KERNEL)
  const types = new Btf('module', btfOfC(declarations, { base }).bytes, kernel.types)
  const nothing = { ranges: [], symbols: () => undefined, orc: () => undefined }
  const program = kernel.build({
    loadModules: () => [{ ...nothing, name: 'clock', types: () => types }],
  })
  const timer = kernel.types.findFunction('any_timer')?.returns
  assert.ok(timer)
  return enclosingStruct(program, 'clock', timer, BigInt(offset), size)
}

const WATCH = 'struct watch { int id; struct timer timer; struct watch *next; };'

test('the only struct that embeds it, and has a member there, is named', () => {
  const found = at(WATCH, 16)
  assert.deepEqual([found?.struct, found?.inner, found?.path], ['struct watch', 'timer', 'next'])
})

test('before the inner struct lie members as well', () => {
  assert.equal(at(WATCH, -8, 4)?.path, 'id')
})

test('a struct within a struct is gone into', () => {
  const found = at(
    'struct alarm { long when; struct { struct timer timer; } inner; long last; };',
    16,
  )
  assert.deepEqual([found?.inner, found?.path], ['inner.timer', 'last'])
})

test('of two that would do neither is named', () => {
  assert.equal(at(`${WATCH} struct other { struct timer timer; void *data; };`, 16), undefined)
})

test('a member of another size, and none at all, are no match', () => {
  assert.equal(at(WATCH, 16, 4), undefined)
  assert.equal(at(WATCH, 400), undefined)
})
