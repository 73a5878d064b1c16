// Stacks of a scene's tasks, frame by frame, innermost first: `name` is a function that called the one before it, `name!`
// one that was interrupted by it. Functions not in the recipe are made. A frame may have an offset (below 0x20), registers
// it was interrupted with, and up to four words of its own, such as the address of a lock.
import type { ElfNote } from '../../src/core/elf/elf_note.ts'
import type { KernelBuilder } from './kernel_builder.ts'
import { mkorc } from './mkorc.ts'

/** A frame: its name, or more of it. */
export type SceneFrame =
  | string
  | {
      readonly name: string
      readonly offset?: number
      /** Where it stood, if in no function: a jump to nowhere. */
      readonly ip?: bigint
      /** By pt_regs' names; numbers or '&name' of the recipe. */
      readonly registers?: Readonly<Record<string, bigint | number | string>>
      readonly words?: readonly (bigint | number | string)[]
    }

/** Where a CPU stood when it saved its registers. */
export interface RunningStart {
  readonly ip: bigint
  readonly sp: bigint
  readonly registers: ReadonlyMap<string, bigint>
}

const STACK_SIZE = 16_384
const FUNCTION_SIZE = 0x80
const WORDS_MAX = 4
/** Where in a function the rules change: what it does there. */
const RULES = { call: 0, words: 0x20, regs: 0x40, end: 0x70 }
/** struct pt_regs of x86-64, in order. */
const PT_REGS = [
  ...['r15', 'r14', 'r13', 'r12', 'bp', 'bx', 'r11', 'r10', 'r9', 'r8', 'ax', 'cx', 'dx', 'si'],
  ...['di', 'orig_ax', 'ip', 'cs', 'flags', 'sp', 'ss'],
]
const PRSTATUS_SIZE = 336
const REGISTERS_AT = 112
const KERNEL_REGISTERS = { cs: 0x10n, flags: 0x246n, ss: 0x18n }

interface Frame {
  readonly name: string
  readonly interrupted: boolean
  readonly offset: number
  readonly ip: bigint | undefined
  readonly registers: Readonly<Record<string, bigint | number | string>>
  readonly words: readonly (bigint | number | string)[]
}

/** Writes stacks into a kernel. */
export class SceneStacks {
  /** By CPU. */
  readonly running = new Map<number, RunningStart>()
  readonly #functions = new Set<string>()

  /** Write a task's stack; of a running one the first frame is in its CPU's registers. */
  place(kernel: KernelBuilder, task: string, list: readonly SceneFrame[], cpu?: number): void {
    const frames = list.map(frameOf)
    const [first] = frames
    if (!first) return
    for (const { name, ip } of frames) if (ip === undefined) this.#function(kernel, name)
    const start = kernel.allocate(STACK_SIZE, STACK_SIZE)
    const saved = cpu === undefined ? 7 : 0
    const size = saved + frames.reduce((sum, frame, i) => sum + sizeOf(frame, frames[i + 1]), 0)
    const sp = start + BigInt(STACK_SIZE - 128 - size * 8)
    const words: bigint[] = saved > 0 ? [0n, 0n, 0n, 0n, 0n, 0n, ipOf(kernel, frames, 0)] : []
    frames.forEach((frame, index) => {
      words.push(...frame.words.map((word) => resolve(kernel, word)))
      const next = frames[index + 1]
      if (next?.interrupted) {
        const above = sp + BigInt((words.length + PT_REGS.length) * 8)
        words.push(...ptRegs(kernel, next, ipOf(kernel, frames, index + 1), above))
      } else if (next) words.push(ipOf(kernel, frames, index + 1))
    })
    words.forEach((word, index) => kernel.write(sp + BigInt(index * 8), 8, word))
    const place = kernel.names.get(task)
    if (!place) throw new Error(`no task ${task}`)
    kernel.set(place.type, place.address, { stack: start, thread: { sp } })
    if (cpu === undefined) return
    const registers = new Map(
      Object.entries(first.registers).map(([name, value]) => [name, resolve(kernel, value)]),
    )
    this.running.set(cpu, { ip: ipOf(kernel, frames, 0), sp, registers })
  }

  /** ORC of all functions that were used. */
  writeRules(kernel: KernelBuilder): void {
    if (this.#functions.size === 0) return
    const addresses = [...this.#functions].map((name) => addressOf(kernel, name))
    const lines = addresses
      .toSorted((a, b) => (a < b ? -1 : 1))
      .flatMap((at) => {
        const line = (offset: number, rule: string): string =>
          `${(at + BigInt(offset)).toString(16)} ${rule}`
        return [
          line(RULES.call, 'sp+8 - call'),
          ...Array.from({ length: WORDS_MAX }, (_, i) =>
            line(RULES.words + i * 8, `sp+${16 + i * 8} - call`),
          ),
          ...Array.from({ length: WORDS_MAX + 1 }, (_, i) =>
            line(RULES.regs + i * 8, `sp+${i * 8} - regs signal`),
          ),
          line(RULES.end, '- - end_of_stack'),
        ]
      })
    const ips = kernel.global('__start_orc_unwind_ip', `struct orc_ip [${lines.length}]`)
    const entries = kernel.global('__start_orc_unwind', `struct orc_entry [${lines.length}]`)
    const tables = mkorc(lines.join('\n'), 3, ips)
    kernel.image.write(ips, tables.ips)
    kernel.image.write(entries, tables.entries)
    kernel.symbol('__stop_orc_unwind_ip', 'R', ips + BigInt(tables.ips.length))
  }

  #function(kernel: KernelBuilder, name: string): void {
    if (!kernel.names.has(name)) kernel.function(name, FUNCTION_SIZE)
    this.#functions.add(name)
  }
}

/** The NT_PRSTATUS of a CPU; without a start one that was never written. */
export function prstatusNote(start: RunningStart | undefined): ElfNote {
  const desc = new Uint8Array(PRSTATUS_SIZE)
  const view = new DataView(desc.buffer)
  const values = new Map<string, bigint>(Object.entries(KERNEL_REGISTERS))
  for (const [name, value] of start?.registers ?? []) values.set(name, value)
  if (start) values.set('ip', start.ip).set('sp', start.sp)
  PT_REGS.forEach((name, index) =>
    view.setBigUint64(REGISTERS_AT + index * 8, values.get(name) ?? 0n, true),
  )
  return { name: 'CORE', type: 1, desc, descOffset: 0 }
}

function frameOf(frame: SceneFrame): Frame {
  const {
    name,
    offset,
    ip,
    registers = {},
    words = [],
  } = typeof frame === 'string' ? { name: frame } : frame
  if (words.length > WORDS_MAX) throw new Error(`${name}: more than ${WORDS_MAX} words`)
  const bare = name.replace(/!$/, '')
  return { name: bare, interrupted: bare !== name, offset: offset ?? 0x10, ip, registers, words }
}

/** Words of a frame and of the way to its caller. */
function sizeOf(frame: Frame, next: Frame | undefined): number {
  return frame.words.length + (next ? (next.interrupted ? PT_REGS.length : 1) : 0)
}

/** An address in the function with the rule that its neighbours ask for; return addresses lie one byte further. */
function ipOf(kernel: KernelBuilder, frames: readonly Frame[], index: number): bigint {
  const frame = frames[index] as Frame
  if (frame.ip !== undefined) return frame.ip
  const next = frames[index + 1]
  const at = addressOf(kernel, frame.name)
  if (!next) return at + BigInt(RULES.end + 8)
  if (next.interrupted) return at + BigInt(RULES.regs + frame.words.length * 8 + 4)
  if (frame.words.length > 0) return at + BigInt(RULES.words + frame.words.length * 8 - 4)
  return at + BigInt(frame.offset)
}

function ptRegs(kernel: KernelBuilder, frame: Frame, ip: bigint, above: bigint): bigint[] {
  const values = new Map<string, bigint>(Object.entries(KERNEL_REGISTERS))
  for (const [name, value] of Object.entries(frame.registers))
    values.set(name, resolve(kernel, value))
  // Where it was interrupted, its stack began right above.
  values.set('ip', ip).set('sp', above)
  return PT_REGS.map((name) => values.get(name) ?? 0n)
}

function resolve(kernel: KernelBuilder, value: bigint | number | string): bigint {
  if (typeof value !== 'string') return BigInt.asUintN(64, BigInt(value))
  return kernel.addressOf(value.replace(/^&/, ''))
}

function addressOf(kernel: KernelBuilder, name: string): bigint {
  const place = kernel.names.get(name)
  if (!place) throw new Error(`no function ${name}`)
  return place.address
}
