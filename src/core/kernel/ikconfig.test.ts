// A configuration in a kernel, with an end symbol (since v5.1) and with marks around it (before).
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { KernelBuilder } from '../../../test/support/kernel_builder.ts'
import type { Program } from '../program/program.ts'
import { kernelConfig } from './ikconfig.ts'

const CONFIG = 'CONFIG_X86_64=y\n# CONFIG_KASAN is not set\n'
const packed = [...gzipSync(CONFIG)]
const marked = [...Buffer.from('IKCFG_ST'), ...packed, ...Buffer.from('IKCFG_ED')]

/** A kernel with these bytes, and with a symbol at their end or another variable somewhere behind. */
function kernel(bytes: readonly number[], hasEnd: boolean): Program {
  const builder = new KernelBuilder('typedef unsigned char u8; typedef long s64;')
  const at = builder.global('kernel_config_data', `u8 [${bytes.length}]`, bytes)
  if (hasEnd) builder.symbol('kernel_config_data_end', 'D', at + BigInt(bytes.length))
  else builder.global('behind', 's64')
  return builder.build()
}

test('the configuration is unpacked up to its end symbol', () => {
  assert.equal(kernelConfig(kernel(packed, true)), CONFIG)
})

test('the configuration is unpacked from between its marks', () => {
  assert.equal(kernelConfig(kernel(marked, false)), CONFIG)
})

test('damage is told, not decompressed', () => {
  const damaged = packed.map((byte, i) => (i > 12 && i < 30 ? byte ^ 0xff : byte))
  assert.throws(() => kernelConfig(kernel(damaged, true)), {
    code: 'ERR_CORRUPT',
    what: 'config does not decompress',
  })
})

test('a kernel built without it says which option that is', () => {
  const program = new KernelBuilder('typedef long s64;').build()
  assert.throws(() => kernelConfig(program), /CONFIG_IKCONFIG/)
})
