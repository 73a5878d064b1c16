// Following values through a function, from its entry to every instruction: which register holds an argument, or what was
// loaded from it, whichever way was taken. What two ways disagree on is not known; memory but the stack is not followed.
import type { CallingConvention, MemoryOperand, Operation, ValueSource } from '../arch/operation.ts'
import {
  addressOrigin,
  argumentOrigin,
  constantOrigin,
  elementOrigin,
  loadOrigin,
  perCpuOrigin,
  resultOrigin,
  stackOrigin,
  unknownOrigin,
  type Origin,
} from './value_origin.ts'

/** What is known before an instruction. */
export interface ValueState {
  /** By register. */
  readonly registers: ReadonlyMap<string, Origin>
  /** What was stored on the stack, by the key of its address. */
  readonly slots: ReadonlyMap<string, Slot>
}

/** A stored value. */
export interface Slot {
  readonly place: Origin
  readonly size: number
  readonly value: Origin
}

/** The code of one function. */
export interface FlowCode {
  readonly entry: bigint
  /** By address. */
  readonly operations: ReadonlyMap<bigint, Operation>
  readonly convention: CallingConvention
  /** The register that a callee jumps through, if that is all it does. */
  thunkRegister(callee: bigint): string | undefined
}

/** Bytes of endbr64. */
const MARK_LENGTH = 4

interface MutableState {
  readonly registers: Map<string, Origin>
  readonly slots: Map<string, Slot>
}

/** Blocks are worked on a few times each; more means that the code is none. */
const WORK_MAX = 20_000

/** Values of one function. */
export class ValueFlow {
  readonly #code: FlowCode
  readonly #blocks = new Map<bigint, MutableState>()
  readonly #leaders: ReadonlySet<bigint>

  constructor(code: FlowCode) {
    this.#code = code
    this.#leaders = leadersOf(code)
    this.#run()
  }

  /** What is known before the instruction at `address`; undefined if no way that is known leads there. */
  stateAt(address: bigint): ValueState | undefined {
    const leader = [...this.#blocks.keys()].reduce<bigint | undefined>(
      (last, each) => (each <= address && (last === undefined || each > last) ? each : last),
      undefined,
    )
    const start = leader === undefined ? undefined : this.#blocks.get(leader)
    if (leader === undefined || !start) return undefined
    const state = copyState(start)
    for (let at = leader; at < address;) {
      const operation = this.#code.operations.get(at)
      if (!operation) return undefined
      this.#step(state, operation)
      at += BigInt(operation.length)
      if (at === address && fallsThrough(operation) && !this.#leaders.has(at)) return state
      if (this.#leaders.has(at) || !fallsThrough(operation)) return undefined
    }
    return leader === address ? state : undefined
  }

  #run(): void {
    const { entry } = this.#code
    this.#blocks.set(entry, this.#entryState())
    const work = [entry]
    for (let count = 0; count < WORK_MAX; count++) {
      const leader = work.pop()
      const start = leader === undefined ? undefined : this.#blocks.get(leader)
      if (leader === undefined || !start) return
      const state = copyState(start)
      for (const next of this.#walk(leader, state))
        if (this.#code.operations.has(next) && this.#join(next, state)) work.push(next)
    }
    // Not finished: nothing is known for sure.
    this.#blocks.clear()
  }

  /** Go through a block; returns where it leads. */
  #walk(leader: bigint, state: MutableState): bigint[] {
    for (let at = leader; ;) {
      const operation = this.#code.operations.get(at)
      if (!operation) return []
      this.#step(state, operation)
      at += BigInt(operation.length)
      const { flow, target } = operation
      if (flow === 'end') return []
      if (flow === 'jump') return target === undefined ? [] : [target]
      if (flow === 'branch') return target === undefined ? [at] : [at, target]
      if (this.#leaders.has(at)) return [at]
    }
  }

  #entryState(): MutableState {
    const { entry, convention } = this.#code
    const names = new Set<string>([...convention.clobbered, convention.sp])
    for (const { writes, memory } of this.#code.operations.values()) {
      for (const name of writes) names.add(name)
      for (const { base, index } of memory) names.add(base).add(index)
    }
    names.delete('')
    const registers = new Map<string, Origin>()
    for (const name of names) registers.set(name, unknownOrigin(entry, name))
    convention.arguments.forEach((name, index) => registers.set(name, argumentOrigin(index)))
    registers.set(convention.sp, stackOrigin(entry))
    return { registers, slots: new Map() }
  }

  /** Let a way with `state` lead to a block; says whether that is news. */
  #join(leader: bigint, state: MutableState): boolean {
    const known = this.#blocks.get(leader)
    if (!known) {
      this.#blocks.set(leader, copyState(state))
      return true
    }
    let isNews = false
    for (const [name, origin] of known.registers) {
      const met = unknownOrigin(leader, name)
      if (origin.key === state.registers.get(name)?.key || origin.key === met.key) continue
      known.registers.set(name, met)
      isNews = true
    }
    for (const [key, { value, size }] of known.slots) {
      const other = state.slots.get(key)
      if (other?.value.key === value.key && other.size === size) continue
      known.slots.delete(key)
      isNews = true
    }
    return isNews
  }

  #step(state: MutableState, operation: Operation): void {
    if (operation.flow === 'call') {
      this.#call(state, operation)
      return
    }
    const { transfer, memory, writes, address } = operation
    const value = transfer && this.#valueOf(state, transfer.from, transfer.size, address)
    const isCut = transfer !== undefined && transfer.size < 4
    for (const operand of memory)
      if (operand.access !== 'read') forgetSlots(state, placeOf(state, operand), operand.size)
    const toMemory = transfer?.to.kind === 'memory' ? placeOf(state, transfer.to.memory) : undefined
    const moved = this.#movedStack(state, operation)
    for (const name of writes) state.registers.set(name, unknownOrigin(address, name))
    if (moved) state.registers.set(this.#code.convention.sp, moved)
    if (!transfer || !value) return
    if (transfer.to.kind === 'register') state.registers.set(transfer.to.register, value)
    else if (toMemory && !isCut && rootOf(toMemory).kind === 'stack')
      state.slots.set(toMemory.key, { place: toMemory, size: transfer.size, value })
  }

  /** Pushes and pops move the stack pointer by the size of what they store or load. */
  #movedStack(state: MutableState, { writes, memory, address }: Operation): Origin | undefined {
    const { sp } = this.#code.convention
    if (!writes.includes(sp)) return undefined
    const old = state.registers.get(sp)
    const onStack = memory.filter(({ base }) => base === sp)
    const slot = onStack.find(({ access }) => access === 'write') ?? onStack.at(-1)
    if (!old || !slot) return stackOrigin(address)
    const by = slot.access === 'write' ? BigInt.asIntN(64, slot.displacement) : BigInt(slot.size)
    return addressOrigin(old, by)
  }

  #call(state: MutableState, { address, target, through, length }: Operation): void {
    const { convention } = this.#code
    if (this.#isTracer(address)) return
    const thunk = target === undefined ? undefined : this.#code.thunkRegister(target)
    const source: ValueSource | undefined =
      thunk === undefined ? through : { kind: 'register', register: thunk }
    const function_ = source && this.#valueOf(state, source, 8, address)
    // Who is given the address of something on the stack may write there, and behind it.
    for (const name of convention.arguments) forgetBehind(state, state.registers.get(name))
    for (const name of convention.clobbered)
      state.registers.set(name, unknownOrigin(address + BigInt(length), name))
    const callee = thunk === undefined ? target : undefined
    state.registers.set(convention.result, resultOrigin(address, callee, function_))
  }

  /** Tracing begins a function by a call that changes nothing; before it stands endbr64, or nothing. */
  #isTracer(address: bigint): boolean {
    const { entry, operations } = this.#code
    if (address === entry) return true
    const first = operations.get(entry)
    return (
      first?.length === MARK_LENGTH &&
      first.writes.length === 0 &&
      address === entry + BigInt(MARK_LENGTH)
    )
  }

  #valueOf(state: MutableState, source: ValueSource, size: number, at: bigint): Origin | undefined {
    switch (source.kind) {
      case 'constant':
        return constantOrigin(source.value)
      case 'register':
        return state.registers.get(source.register)
      case 'address':
        return placeOf(state, source.memory) ?? elementOf(state, source.memory)
      case 'memory': {
        const { memory } = source
        if (memory.isPerCpu)
          return memory.base === '' && memory.index === ''
            ? perCpuOrigin(memory.displacement, size)
            : undefined
        const place = placeOf(state, memory) ?? elementOf(state, memory)
        if (!place) return undefined
        if (rootOf(place).kind !== 'stack') return loadOrigin(place, size)
        const slot = state.slots.get(place.key)
        return slot?.size === size ? slot.value : unknownOrigin(at, 'stack')
      }
    }
  }
}

/** The address that an operand means; undefined for an element of an array, whose index is not followed. */
export function placeOf(state: ValueState, operand: MemoryOperand): Origin | undefined {
  if (operand.index !== '' || operand.isPerCpu) return undefined
  if (operand.base === '') return constantOrigin(operand.displacement)
  const base = state.registers.get(operand.base)
  return base && addressOrigin(base, BigInt.asIntN(64, operand.displacement))
}

/** The place of an element of an array that is not on the stack, which is followed no further. */
function elementOf(state: ValueState, operand: MemoryOperand): Origin | undefined {
  const index = state.registers.get(operand.index)
  const base = placeOf(state, { ...operand, index: '' })
  if (!index || !base || operand.isPerCpu || rootOf(base).kind === 'stack') return undefined
  return elementOrigin(base, index, operand.scale)
}

function leadersOf({ operations, entry }: FlowCode): Set<bigint> {
  const leaders = new Set([entry])
  for (const { address, length, flow, target } of operations.values()) {
    if (flow === 'branch' || flow === 'jump' || flow === 'end')
      leaders.add(address + BigInt(length))
    if (target !== undefined && flow !== 'call') leaders.add(target)
  }
  return leaders
}

const fallsThrough = ({ flow }: Operation): boolean =>
  flow === 'next' || flow === 'call' || flow === 'branch' || flow === 'trap'

const rootOf = (origin: Origin): Origin => (origin.kind === 'address' ? origin.of : origin)
const offsetOf = (origin: Origin): bigint => (origin.kind === 'address' ? origin.offset : 0n)

function forgetSlots(state: MutableState, place: Origin | undefined, size: number): void {
  if (!place) return
  const root = rootOf(place)
  const start = offsetOf(place)
  const end = start + BigInt(Math.max(size, 1))
  for (const [key, slot] of state.slots) {
    const at = offsetOf(slot.place)
    if (rootOf(slot.place).key === root.key && at < end && at + BigInt(slot.size) > start)
      state.slots.delete(key)
  }
}

function forgetBehind(state: MutableState, place: Origin | undefined): void {
  if (!place || rootOf(place).kind !== 'stack') return
  for (const [key, slot] of state.slots)
    if (rootOf(slot.place).key === rootOf(place).key && offsetOf(slot.place) >= offsetOf(place))
      state.slots.delete(key)
}

function copyState({ registers, slots }: MutableState): MutableState {
  return { registers: new Map(registers), slots: new Map(slots) }
}
