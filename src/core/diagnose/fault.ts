// The faults a kernel took: where, with which registers, called by whom. Of the one that killed it memory knows all; of
// those before it only the log does.
import type { CrashKind } from './crash_kind.ts'
import type { Registers } from '../program/registers.ts'
import type { NamedFrame } from './named_frame.ts'
import { isPanicMachinery } from './panic_machinery.ts'
import type { Scene } from './scene.ts'
import type { PrintedSymbol, Trouble } from './trouble.ts'

/** An instruction that could not be executed, or a check that trapped. */
export interface Fault {
  /** What the log says of it; undefined if the log does not. */
  readonly trouble: Trouble | undefined
  /** The instruction; undefined if only its name is known and the symbol is gone. */
  readonly ip: bigint | undefined
  /** The kernel's entry that took it, `asm_exc_page_fault`; '' where no frame of it is left. */
  readonly entry: string
  /** By the architecture's names, as in pt_regs; of faults known by the log only those it printed. */
  readonly registers: Registers
  /** The function that faulted first, then its callers. */
  readonly frames: readonly NamedFrame[]
  /** The kernel died of it; others it survived, for a while. */
  readonly isFatal: boolean
  /** From memory, not from what the log printed. */
  readonly isWhole: boolean
}

/** Find the faults, oldest first. */
export function readFaults(scene: Scene): Fault[] {
  const fatal = fatalFault(scene)
  const others = scene.troubles
    .filter(
      (trouble) => (trouble.ip ?? trouble.strayIp) !== undefined && trouble !== fatal?.trouble,
    )
    .map((trouble) => printedFault(scene, trouble))
  // A log without a panic and without frames in memory: the last one is what it died of.
  const last = others.at(-1)
  if (!fatal && last && scene.panicReason === '' && scene.panicTask !== undefined)
    return [...others.slice(0, -1), { ...last, isFatal: true }]
  return fatal ? [...others, fatal] : others
}

/** The innermost interrupted frame that is not part of dying. */
function fatalFault(scene: Scene): Fault | undefined {
  const { frames } = scene.panicTrace
  const index = frames.findIndex(
    (frame, at) =>
      frame.interrupted && frame.registers !== undefined && (at > 0 || !isDying(frames)),
  )
  const frame = frames[index]
  if (!frame?.registers) return undefined
  // An interrupt, not a fault, lies between when nothing above it is the way from a fault to the capture kernel.
  const entry = frames.slice(0, index).findLast(isFaultEntry)
  if (index > 0 && !entry) return undefined
  return {
    trouble: troubleOf(scene, frame),
    ip: frame.ip,
    entry: entry?.name ?? '',
    registers: frame.registers,
    frames: frames.slice(index),
    isFatal: true,
    isWhole: true,
  }
}

/**
 * Does the trace begin in panic()? An oops that goes to the capture kernel itself saves the registers of the fault, and no
 * frame of its own: then the first frame is the fault. @source arch/x86/kernel/dumpstack.c oops_end()
 */
function isDying(frames: readonly NamedFrame[]): boolean {
  return frames.some(({ name }) => name !== null && DYING.test(name))
}

const DYING = /^(?:v?panic|nmi_panic|machine_kexec|__crash_kexec|crash_kexec|oops_end)(?:\.|$)/

/** Entries of exceptions, as against interrupts; and what only an exception calls. */
const FAULT_ENTRY =
  /^(?:asm_exc_(?!nmi)\w+|exc_(?!nmi)\w+|page_fault|async_page_fault|general_protection|invalid_op|divide_error|double_fault|error_entry|do_(?:mem_abort|undefinstr|page_fault|general_protection|invalid_op|double_fault)|el1_(?:abort|undef|dbg|sync)|oops_end|die)$/

function isFaultEntry({ name }: NamedFrame): boolean {
  return name !== null && FAULT_ENTRY.test(name)
}

/** Kinds of trouble that begin with an instruction. */
const FAULTS: ReadonlySet<CrashKind> = new Set([
  ...(['null-dereference', 'bad-address', 'general-protection', 'bug', 'divide-error'] as const),
  ...(['invalid-opcode', 'double-fault', 'oops'] as const),
])

/** The last words of a log that ends before it says where. */
function cutShort(last: Trouble | undefined): Trouble | undefined {
  const saysWhere = last?.ip !== undefined || last?.strayIp !== undefined
  return last && !saysWhere && FAULTS.has(last.kind) ? last : undefined
}

const hasNowhere = ({ strayIp }: Trouble): boolean => strayIp !== undefined

/** The last trouble of the log in the function that faulted. */
function troubleOf(scene: Scene, frame: NamedFrame): Trouble | undefined {
  return (
    scene.troubles.findLast(
      ({ ip }) => ip?.name === frame.name && (frame.offset === null || ip?.offset === frame.offset),
    ) ??
    // A jump to nowhere has no function.
    (frame.name === null ? scene.troubles.findLast(hasNowhere) : undefined) ??
    cutShort(scene.troubles.at(-1))
  )
}

function printedFault(scene: Scene, trouble: Trouble): Fault {
  return {
    trouble,
    ip: trouble.ip ? addressOf(scene, trouble.ip) : trouble.strayIp,
    entry: '',
    registers: Object.fromEntries(trouble.registers),
    frames: printedFrames(scene, trouble),
    isFatal: false,
    isWhole: false,
  }
}

/** The frames that the log shows of trouble, without those it doubts. */
export function printedFrames(scene: Scene, trouble: Trouble): NamedFrame[] {
  const symbols = [...(trouble.ip ? [trouble.ip] : []), ...trouble.trace.filter(isReliable)]
  return symbols.map((symbol, index) =>
    printedFrame(scene, symbol, trouble.ip !== undefined && index === 0),
  )
}

const isReliable = (symbol: PrintedSymbol): boolean => symbol.isReliable

function printedFrame(scene: Scene, symbol: PrintedSymbol, interrupted: boolean): NamedFrame {
  return {
    name: symbol.name,
    offset: symbol.offset,
    module: symbol.module,
    ip: addressOf(scene, symbol) ?? 0n,
    sp: 0n,
    quality: 'exact',
    interrupted,
    registers: undefined,
  }
}

function addressOf(
  { program }: Scene,
  { name, offset, module }: PrintedSymbol,
): bigint | undefined {
  const symbol = program.findSymbol(name)
  return symbol?.module === module ? symbol.address + BigInt(offset) : undefined
}

/** Frames from the first that is not part of dying. */
export function withoutMachinery(frames: readonly NamedFrame[]): readonly NamedFrame[] {
  const first = frames.findIndex(({ name }) => name === null || !isPanicMachinery(name))
  return first < 0 ? [] : frames.slice(first)
}
