// Taints by the kernel's own table, in both layouts it has had, and by ours where it has none.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { buildKernel, type KernelRecipe } from '../../../test/support/kernel_recipe.ts'
import { taintedMask, taintFlags, taintLetters } from './taint.ts'

const letter = (text: string): number => text.charCodeAt(0)

const KERNELS: Readonly<Record<string, KernelRecipe>> = {
  'letters only': {
    types: 'struct taint_flag { char c_true; char c_false; _Bool module; };',
    variables: {
      tainted_mask: ['unsigned long', 0b101],
      taint_flags: [
        'struct taint_flag [3]',
        [
          { c_true: letter('P'), c_false: letter('G'), module: true },
          { c_true: letter('F'), c_false: letter(' ') },
          { c_true: letter('S'), c_false: letter(' ') },
        ],
      ],
      behind: ['unsigned long'],
    },
  },
  'letters and words': {
    types: 'struct taint_flag { char c_true; char c_false; const char *desc; };',
    variables: {
      tainted_mask: ['unsigned long', 0b101],
      taint_flags: [
        'struct taint_flag [3]',
        [
          { c_true: letter('P'), c_false: letter('G'), desc: 'PROPRIETARY_MODULE' },
          { c_true: letter('F'), c_false: letter(' '), desc: 'FORCED_MODULE' },
          { c_true: letter('S'), c_false: letter(' '), desc: 'CPU_OUT_OF_SPEC' },
        ],
      ],
      behind: ['unsigned long'],
    },
  },
}

for (const [name, recipe] of Object.entries(KERNELS)) {
  test(`bits are told by the table of the kernel (${name})`, () => {
    const { program } = buildKernel({
      ...recipe,
      types: `${recipe.types} typedef unsigned long ulong;`,
    })
    const flags = taintFlags(program)
    assert.deepEqual(
      flags.map(({ bit, set, clear }) => `${bit}${set}${clear}`),
      ['0PG', '1F ', '2S '],
    )
    assert.equal(taintLetters(flags, taintedMask(program)), 'PS')
    assert.equal(flags[2]?.description, name === 'letters only' ? '' : 'CPU_OUT_OF_SPEC')
  })
}

test('a kernel whose table cannot be read is told by the letters every kernel has', () => {
  const { program } = buildKernel({ types: 'typedef unsigned long ulong;' })
  assert.equal(taintLetters(taintFlags(program), 0x1201n), 'PWO')
})
