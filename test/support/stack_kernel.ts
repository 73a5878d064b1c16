// A kernel of functions, unwind rules and one stack, described in words:
//   functions: { sys_read: 0x100 }   orc: 'sys_read+0x10 sp+16 prev_sp-16 call'   stack: ['bp', 'sys_read+0x20', 0]
// Rules are ORC lines (mkorc.ts) whose addresses are `function+offset`; stack words are numbers or such places.
import type { Program } from '../../src/core/program/program.ts'
import { KernelBuilder } from './kernel_builder.ts'
import { mkorc } from './mkorc.ts'

/** A word of the stack: a number, `function+offset`, or `@12` for the address of the stack's word 12, `@12+1` for a byte of it. */
export type StackWord = number | bigint | string

/** What the kernel consists of. */
export interface StackKernelRecipe {
  /** Name → bytes of text. */
  readonly functions: Readonly<Record<string, number>>
  readonly orc?: string
  readonly stack: readonly StackWord[]
  /** Bytes at `function+offset`, in hex. */
  readonly code?: Readonly<Record<string, string>>
  /** C declarations beside struct orc_entry. */
  readonly types?: string
  /** Called before the kernel is finished. */
  readonly more?: (kernel: KernelBuilder, place: (word: StackWord) => bigint) => void
}

/** The finished kernel. */
export interface StackKernel {
  readonly program: Program
  /** Address of a stack word, or of `function+offset`. */
  readonly place: (word: StackWord) => bigint
}

const ORC_ENTRY = `struct orc_ip { int offset; }; struct orc_entry { short sp_offset; short bp_offset;
  unsigned sp_reg:4; unsigned bp_reg:4; unsigned type:3; unsigned signal:1; };`

/** Build it. The stack lies on pages of its own, so that it ends where its words do. */
export function stackKernel(recipe: StackKernelRecipe): StackKernel {
  const kernel = new KernelBuilder(`${ORC_ENTRY}${recipe.types ?? ''}`)
  for (const [name, size] of Object.entries(recipe.functions)) kernel.function(name, size)
  const stack = kernel.allocate(recipe.stack.length * 8, 4096)
  const place = (word: StackWord): bigint => {
    if (typeof word !== 'string') return BigInt.asUintN(64, BigInt(word))
    if (word.startsWith('@')) {
      const [index = '', more = '0'] = word.slice(1).split('+')
      return stack + BigInt(index) * 8n + BigInt(more)
    }
    return kernel.addressOf(word)
  }
  recipe.stack.forEach((word, i) => kernel.write(stack + BigInt(i * 8), 8, place(word)))
  for (const [at, hex] of Object.entries(recipe.code ?? {})) {
    kernel.image.write(
      place(at),
      Uint8Array.from(hex.match(/[0-9a-f]{2}/g) ?? [], (pair) => Number.parseInt(pair, 16)),
    )
  }
  writeOrc(kernel, recipe.orc ?? '', place)
  recipe.more?.(kernel, place)
  return { program: kernel.build(), place }
}

function writeOrc(kernel: KernelBuilder, rules: string, place: (word: StackWord) => bigint): void {
  const lines = rules
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
  if (lines.length === 0) return
  const resolved = lines
    .map((line) => line.replace(/^\S+/, (where) => place(where).toString(16)))
    .toSorted((a, b) => Number(BigInt(`0x${a.split(' ')[0]}`) - BigInt(`0x${b.split(' ')[0]}`)))
  const ips = kernel.global('__start_orc_unwind_ip', `struct orc_ip [${lines.length}]`)
  const entries = kernel.global('__start_orc_unwind', `struct orc_entry [${lines.length}]`)
  const tables = mkorc(resolved.join('\n'), 3, ips)
  kernel.image.write(ips, tables.ips)
  kernel.image.write(entries, tables.entries)
  kernel.symbol('__stop_orc_unwind_ip', 'R', ips + BigInt(tables.ips.length))
}
