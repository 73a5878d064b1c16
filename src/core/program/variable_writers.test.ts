// A module of four functions, as gas assembles what stands beside them, and which of them write to its variable.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as iced from 'iced-x86'
import { KernelBuilder } from '../../../test/support/kernel_builder.ts'
import { registerDisassembler } from '../arch/disassembler.ts'
import { createX86Disassembler } from '../arch/x86_64_disassembler.ts'
import { Program } from './program.ts'
import { variableWriters, type VariableWriter } from './variable_writers.ts'

registerDisassembler('x86_64', () => createX86Disassembler(iced))

/** Functions of 32 bytes, one behind the other, the variable 0x1000 behind the first. */
const FUNCTIONS = {
  // call 0x60 further; mov %rax,0x1000(of the start)
  put: 'e85b000000488905f40f0000c3',
  // mov to it from %rdi, no call
  reset: '48893dd90f0000c3',
  // mov from it
  get: '488b05b90f0000c3',
  alloc_page: 'c3',
}
const SIZE = 32

function writers(): VariableWriter[] {
  const builder = new KernelBuilder('struct page { int x; };')
  let start = 0n
  for (const [name, hex] of Object.entries(FUNCTIONS)) {
    const at = builder.function(name, SIZE)
    if (start === 0n) start = at
    builder.image.write(at, Uint8Array.from(Buffer.from(hex, 'hex')))
  }
  const program = builder.build()
  const symbols = program.kernelSymbols
  const own = {
    name: 'ring',
    ranges: [],
    symbols: () => symbols,
    types: () => undefined,
    orc: () => undefined,
  }
  // The functions are the kernel's own here: a module whose symbols are the same does as well.
  const withModule = new Program(program.dump, { loadModules: () => [own] })
  return variableWriters(withModule, 'ring', start + 0x1000n)
}

test('functions that write to a variable are found, and what they call', () => {
  assert.deepEqual(
    writers().map(({ symbol, calls }) => [symbol.name, calls]),
    [
      ['put', ['alloc_page']],
      ['reset', []],
    ],
  )
})
