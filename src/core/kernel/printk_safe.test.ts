// Messages that NMI handlers left in per-CPU buffers of a kernel before v5.15.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { buildKernel } from '../../../test/support/kernel_recipe.ts'
import { forEachPrintkSafeBuffer } from './printk_safe.ts'

const TYPES = `
  typedef unsigned int u32; typedef unsigned long ulong;
  typedef struct { int counter; } atomic_t;
  struct printk_safe_seq_buf { atomic_t len; atomic_t message_lost; unsigned char buffer[64]; };
  percpu struct printk_safe_seq_buf nmi_print_seq;`

const text = 'Uhhuh. NMI received\n'
const buffer = { len: { counter: text.length }, message_lost: { counter: 3 }, buffer: text }

test('each CPU has its buffer', () => {
  const { program } = buildKernel({
    types: TYPES,
    cpus: [{ nmi_print_seq: {} }, { nmi_print_seq: buffer }],
  })
  const buffers = [...forEachPrintkSafeBuffer(program)]
  assert.deepEqual(
    buffers.map(({ name, cpu, messagesLost, text: left }) => [name, cpu, messagesLost, left]),
    [
      ['nmi_print_seq', 0, 0, ''],
      ['nmi_print_seq', 1, 3, text],
    ],
  )
})

test('newer kernels have none', () => {
  const { program } = buildKernel({ types: 'typedef long s64;' })
  assert.deepEqual([...forEachPrintkSafeBuffer(program)], [])
})
