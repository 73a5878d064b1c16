// The access that a fault refused: which instruction, which address, and where the bad pointer came from. What a dump or a
// host lacks (code, a disassembler, registers) makes it say less.
import { wrap64 } from '../base/addr.ts'
import type { CrashKind } from './crash_kind.ts'
import { functionFlow, operationAt } from '../program/function_flow.ts'
import type { FunctionFlow, MemoryOperand, Operation } from '../program/function_flow.ts'
import { isText } from '../program/call_site.ts'
import type { Program } from '../program/program.ts'
import type { Registers } from '../program/registers.ts'
import { placeOf, type ValueState } from '../program/value_flow.ts'
import type { Origin } from '../program/value_origin.ts'
import type { Fault } from './fault.ts'
import type { Scene } from './scene.ts'

/** A register that was used as a pointer. */
export interface BadPointer {
  readonly register: string
  readonly value: bigint
  /** Undefined where it could not be followed. */
  readonly origin: Origin | undefined
}

/** What a fault refused. */
export interface FaultingAccess {
  readonly fault: Fault
  /** Index in `scene.faults`. */
  readonly index: number
  /** 'address': by page tables; 'protection': an address that is none, or what no page fault reports. */
  readonly exception: 'address' | 'protection'
  readonly access: 'read' | 'write' | 'read-write' | 'fetch' | 'unknown'
  /** Undefined only where neither the log nor the instruction tells. */
  readonly address: bigint | undefined
  readonly operation: Operation | undefined
  readonly operand: MemoryOperand | undefined
  readonly pointer: BadPointer | undefined
  /** The function that the pointer's origin is told of. */
  readonly code: FunctionFlow | undefined
  /** What its registers held by origin. */
  readonly state: ValueState | undefined
}

/** Bits of a page fault's error code. @source arch/x86/include/asm/trap_pf.h */
const PF_WRITE = 0x2
const PF_FETCH = 0x10

const ADDRESS_KINDS: readonly CrashKind[] = ['null-dereference', 'bad-address']

/** The accesses that faults of a scene refused, oldest first; faults of other sorts are left out. */
export function faultingAccesses(scene: Scene): readonly FaultingAccess[] {
  let found = known.get(scene)
  if (!found) {
    found = scene.faults.flatMap((fault, index) => {
      const exception = exceptionOf(fault)
      return exception ? [readAccess(scene.program, fault, index, exception)] : []
    })
    known.set(scene, found)
  }
  return found
}

const known = new WeakMap<Scene, readonly FaultingAccess[]>()

/** By the log, else by the entry that memory shows. */
function exceptionOf({ trouble, entry }: Fault): FaultingAccess['exception'] | undefined {
  if (trouble && ADDRESS_KINDS.includes(trouble.kind)) return 'address'
  if (trouble?.kind === 'general-protection') return 'protection'
  if (/page_fault|mem_abort|el1_abort/.test(entry)) return trouble?.kind === 'bug' ? undefined : 'address'
  return /general_protection|stack_segment/.test(entry) ? 'protection' : undefined
}

function readAccess(
  program: Program,
  fault: Fault,
  index: number,
  exception: FaultingAccess['exception'],
): FaultingAccess {
  const { ip, trouble, registers } = fault
  const logged = trouble?.address
  const common = { fault, index, exception }
  const operation = ip === undefined ? undefined : operationAt(program, ip)
  const code = ip === undefined ? undefined : functionFlow(program, ip)
  const errorCode = trouble?.errorCode ?? 0
  const isFetch =
    (errorCode & PF_FETCH) !== 0 ||
    (exception === 'address' && ip !== undefined && (ip === logged || !isText(program, ip)))
  if (isFetch) {
    const nothing = { operand: undefined, pointer: undefined, code: undefined, state: undefined }
    return { ...common, ...nothing, operation: undefined, access: 'fetch', address: ip ?? logged }
  }
  const operand = operation && chooseOperand(operation.memory, registers, logged, exception)
  const effective = operand && effectiveAddress(operand, registers)
  const state = ip === undefined ? undefined : code?.flow.stateAt(ip)
  return {
    ...common,
    operation,
    operand,
    access: operand?.access ?? ((errorCode & PF_WRITE) === 0 ? 'unknown' : 'write'),
    address: logged ?? effective,
    pointer: operand && badPointer(operand, registers, state),
    code,
    state,
  }
}

/** The address an operand means; undefined if a register of it is not known, or for this CPU's variables. */
export function effectiveAddress(
  { base, index, scale, displacement, isPerCpu }: MemoryOperand,
  registers: Registers,
): bigint | undefined {
  const start = base === '' ? 0n : registers[base]
  const element = index === '' ? 0n : registers[index]
  if (start === undefined || element === undefined || isPerCpu) return undefined
  return wrap64(start + element * BigInt(scale) + displacement)
}

/** Where an instruction names memory twice, the address tells which was refused; else what is no address at all. */
function chooseOperand(
  operands: readonly MemoryOperand[],
  registers: Registers,
  logged: bigint | undefined,
  exception: FaultingAccess['exception'],
): MemoryOperand | undefined {
  const holds = (operand: MemoryOperand): boolean => {
    const start = effectiveAddress(operand, registers)
    if (start === undefined) return false
    if (logged === undefined) return exception === 'address' || !isCanonical(start)
    return logged >= start && logged < start + BigInt(Math.max(1, operand.size))
  }
  // Without any that fits the address (a string instruction prints where it stopped), the only one must be it.
  return operands.find(holds) ?? (operands.length === 1 ? operands[0] : undefined)
}

/** Can it be an address at all? With five levels of page tables there are more. */
export function isCanonical(address: bigint, bits = 48n): boolean {
  const upper = BigInt.asIntN(64, address) >> (bits - 1n)
  return upper === 0n || upper === -1n
}

/** The base; the index where that is the pointer, as in `foo(,%rax,8)`. */
function badPointer(
  operand: MemoryOperand,
  registers: Registers,
  state: ValueState | undefined,
): BadPointer | undefined {
  const register = operand.base === '' ? operand.index : operand.base
  const value = registers[register]
  if (register === '' || value === undefined) return undefined
  return { register, value, origin: state?.registers.get(register) }
}

/** Where the access went, by origin: `*(argument 0 + 0x18)`; undefined for an element of an array. */
export function accessPlace({ operand, state }: FaultingAccess): Origin | undefined {
  return operand && state && placeOf(state, operand)
}
