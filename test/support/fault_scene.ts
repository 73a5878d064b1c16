// A crash by a fault, in words: the code of the function that faulted, the registers it had, what the log said.
//
//   const scene = faultScene({
//     types: 'struct config { int rate @ 28; }; int apply(void *channel, struct config *config);',
//     code: { apply: '8b461c' },                 // mov 0x1c(%rsi),%eax
//     at: 'apply',
//     log: ['BUG: kernel NULL pointer dereference, address: 000000000000001c'],
//   })
//
// `at: '0xffff888004000000'` went where no function is; `mapped` are pages that the kernel's page tables have, with flags.
// The task `victim` of PID 100 ran on CPU 0. Registers not given are 0; `at: 'apply+3'` faulted further in.
import * as iced from 'iced-x86'
import { registerDisassembler } from '../../src/core/arch/disassembler.ts'
import { createX86Disassembler } from '../../src/core/arch/x86_64_disassembler.ts'
import type { Scene } from '../../src/core/diagnose/scene.ts'
import type { KernelBuilder } from './kernel_builder.ts'
import { PageTables } from './page_tables.ts'
import { sceneOf, type SceneRecipe } from './scene.ts'
import type { SceneFrame } from './scene_stack.ts'

registerDisassembler('x86_64', () => createX86Disassembler(iced))

/** What the crash consists of. */
export interface FaultRecipe extends Omit<SceneRecipe, 'tasks' | 'panicCpu'> {
  /** Function → machine code in hex, at its start. */
  readonly code?: Readonly<Record<string, string>>
  readonly at: string
  /** By pt_regs' names; numbers or '&name' of the recipe. */
  readonly registers?: Readonly<Record<string, bigint | number | string>>
  /** Pages that are mapped, by any address in them; each mapped to a frame of its own. */
  readonly mapped?: Readonly<Record<string, 'rw' | 'ro'>>
  /** Who called, innermost first. */
  readonly callers?: readonly SceneFrame[]
}

/** Build it. */
export function faultScene(recipe: FaultRecipe): Scene {
  const { code = {}, at, registers = {}, callers = ['caller', 'kthread'], mapped, ...rest } = recipe
  const [name = '', offset = '0'] = at.split('+')
  const stray = name.startsWith('0x') ? { ip: BigInt(name) } : {}
  const first = { name: `${name}!`, offset: Number(offset), registers, ...stray }
  const functions = Object.keys(code).filter((each) => each !== name && !isCaller(callers, each))
  return sceneOf({
    ...rest,
    functions: { ...Object.fromEntries(functions.map((each) => [each, 0x80])), ...rest.functions },
    tasks: { victim: { pid: 100, cpu: 0, frames: [first, ...callers] } },
    panicCpu: 0,
    more(kernel) {
      for (const [place, hex] of Object.entries(code))
        kernel.image.write(kernel.addressOf(place), Uint8Array.from(Buffer.from(hex, 'hex')))
      if (mapped) mapPages(kernel, mapped)
      rest.more?.(kernel)
    },
  })
}

/** Physical memory that recipes do not use. */
const TABLES = 0x800_0000
const DIRECT_MAP = 0xffff_8880_0000_0000n
const IMAGE_MAP = 0xffff_ffff_8000_0000n
const PAGE_MASK = ~0xfffn
/** Present and accessed; neither written nor to be. */
const READ_ONLY = 0x21n

/** Page tables of their own, with as many pages as the rules are to find. */
function mapPages(kernel: KernelBuilder, mapped: NonNullable<FaultRecipe['mapped']>): void {
  const tables = new PageTables({ firstFrame: TABLES })
  for (const [place, how] of Object.entries(mapped)) {
    const address = place.startsWith('0x') ? BigInt(place) : kernel.addressOf(place)
    const page = address & PAGE_MASK
    if (how === 'rw') tables.map(page, TABLES)
    else tables.setEntry(page, 1, BigInt(TABLES) | READ_ONLY)
  }
  for (const [frame, view] of tables.frames)
    kernel.image.write(DIRECT_MAP + BigInt(frame), new Uint8Array(view.buffer))
  const root = IMAGE_MAP + BigInt(tables.root)
  kernel.vmcoreinfo += `\nSYMBOL(init_top_pgt)=${root.toString(16)}`
}

function isCaller(callers: readonly SceneFrame[], name: string): boolean {
  return callers.some((caller) => (typeof caller === 'string' ? caller : caller.name) === name)
}
