// The access that a fault refused: which instruction, which address, and where the bad pointer came from. What a dump or a
// host lacks (code, a disassembler, registers) makes it say less.
import {
  functionFlow,
  operationAt,
  type FunctionFlow,
  type MemoryOperand,
  type Operation,
} from '../program/function_flow.ts'
import { isText } from '../program/call_site.ts'
import type { Program } from '../program/program.ts'
import type { Registers } from '../program/registers.ts'
import { placeOf, type ValueState } from '../program/value_flow.ts'
import { constantOrigin, type Origin } from '../program/value_origin.ts'
import { effectiveAddress, isCanonical, type BadPointer } from './bad_pointer.ts'
import { calledPointer, strayTarget } from './called_pointer.ts'
import type { CrashKind } from './crash_kind.ts'
import type { Fault } from './fault.ts'
import type { Incident } from './incident.ts'
import type { Scene } from './scene.ts'

/** What a fault refused. */
export interface FaultingAccess {
  readonly incident: Incident
  readonly fault: Fault
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
    found = scene.incidents.flatMap((incident) => {
      const exception = exceptionOf(scene.program, incident.fault)
      return exception ? [readAccess(scene.program, incident, exception)] : []
    })
    known.set(scene, found)
  }
  return found
}

const known = new WeakMap<Scene, readonly FaultingAccess[]>()

/** By the log, else by the entry that memory shows, else by what the instruction does. */
function exceptionOf(
  program: Program,
  { trouble, entry, ip, registers, isFatal }: Fault,
): FaultingAccess['exception'] | undefined {
  if (trouble) {
    if (ADDRESS_KINDS.includes(trouble.kind)) return 'address'
    return trouble.kind === 'general-protection' ? 'protection' : undefined
  }
  if (/page_fault|mem_abort|el1_abort/.test(entry)) return 'address'
  if (/general_protection|stack_segment/.test(entry)) return 'protection'
  if (!isFatal || entry !== '' || ip === undefined) return undefined
  if (!isText(program, ip)) return 'address'
  const operation = operationAt(program, ip)
  if (!operation || operation.divisor || operation.memory.length === 0) return undefined
  const addresses = operation.memory.map((operand) => effectiveAddress(operand, registers))
  const isNone = addresses.some((address) => address !== undefined && !isCanonical(address))
  return isNone ? 'protection' : 'address'
}

const NOTHING = {
  ...{ operation: undefined, operand: undefined, pointer: undefined },
  ...{ code: undefined, state: undefined },
}

function readAccess(
  program: Program,
  incident: Incident,
  exception: FaultingAccess['exception'],
): FaultingAccess {
  const { fault } = incident
  const { ip, trouble, registers } = fault
  const logged = trouble?.address
  const common = { incident, fault, exception }
  const operation = ip === undefined ? undefined : operationAt(program, ip)
  const code = ip === undefined ? undefined : functionFlow(program, ip)
  const errorCode = trouble?.errorCode ?? 0
  const isFetch =
    (errorCode & PF_FETCH) !== 0 ||
    (ip !== undefined &&
      (exception === 'address' ? ip === logged || !isText(program, ip) : !isCanonical(ip)))
  if (isFetch) {
    const called = calledPointer(program, fault.frames[1], ip)
    return { ...common, ...NOTHING, ...called, access: 'fetch', address: ip ?? logged }
  }
  const stray =
    exception === 'protection' && ip !== undefined ? strayTarget(program, fault, ip) : undefined
  if (stray)
    return {
      ...common,
      ...NOTHING,
      ...stray,
      operation,
      access: 'fetch',
      address: stray.pointer.value,
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
    pointer: operand && badPointer(program, operand, registers, state),
    code,
    state,
  }
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

/** The base: a register, or what `foo(,%rax,8)` names; the index where there is neither. */
function badPointer(
  { arch }: Program,
  operand: MemoryOperand,
  registers: Registers,
  state: ValueState | undefined,
): BadPointer | undefined {
  const { displacement } = operand
  if (operand.base === '' && operand.index !== '' && arch.isKernelAddress(displacement))
    return { register: '', value: displacement, origin: constantOrigin(displacement) }
  const register = operand.base === '' ? operand.index : operand.base
  const value = registers[register]
  if (register === '' || value === undefined) return undefined
  return { register, value, origin: state?.registers.get(register) }
}

/** Where the access went, by origin: `*(argument 0 + 0x18)`; undefined for an element of an array. */
export function accessPlace({ operand, state }: FaultingAccess): Origin | undefined {
  return operand && state && placeOf(state, operand)
}
