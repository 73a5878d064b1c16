// What an instruction does to registers and memory, in terms that no architecture owns: what following a value through a
// function needs. Registers go by the names of the architecture's `struct pt_regs`.

/** Memory an instruction names: `base + index * scale + displacement`. */
export interface MemoryOperand {
  /** '' for none. */
  readonly base: string
  readonly index: string
  readonly scale: number
  /** Wrapped to 64 bits; the whole address where there is neither base nor index. */
  readonly displacement: bigint
  /** Bytes; 0 where the instruction does not say. */
  readonly size: number
  readonly access: 'read' | 'write' | 'read-write'
  /** Behind the base of this CPU's variables. */
  readonly isPerCpu: boolean
}

/** A place that holds values. */
export type ValuePlace =
  | { readonly kind: 'register'; readonly register: string }
  | { readonly kind: 'memory'; readonly memory: MemoryOperand }

/** A value that the instruction itself holds. */
export interface ValueConstant {
  readonly kind: 'constant'
  readonly value: bigint
}

/** Where a value comes from. */
export type ValueSource =
  | ValuePlace
  | ValueConstant
  /** The address itself; also a sum or difference with a constant. */
  | { readonly kind: 'address'; readonly memory: MemoryOperand }

/** A value that is put somewhere unchanged, but for being cut to `size` bytes. */
export interface Transfer {
  readonly from: ValueSource
  readonly to: ValuePlace
  /** Bytes. */
  readonly size: number
}

/**
 * Where execution goes: on, to `target` as well ('branch') or only ('jump'), into a function and back ('call'), or away
 * ('end': a return, a jump nobody knows the end of). 'trap' is an instruction made to fault.
 */
export type Flow = 'next' | 'branch' | 'jump' | 'call' | 'end' | 'trap'

/** What one instruction does. */
export interface Operation {
  readonly address: bigint
  /** Bytes. */
  readonly length: number
  readonly flow: Flow
  /** Of a direct branch, jump or call. */
  readonly target?: bigint
  /** Where an indirect call or jump takes its target from. */
  readonly through?: ValueSource
  /** Every access to memory it makes. */
  readonly memory: readonly MemoryOperand[]
  /** Registers it changes, whole or in part. */
  readonly writes: readonly string[]
  /** Set where one of `writes`, or memory, gets a value that is known from elsewhere. */
  readonly transfer?: Transfer
  /** What a division divides by. */
  readonly divisor?: ValueSource
}

/** How functions call each other. */
export interface CallingConvention {
  /** Registers of the first arguments. */
  readonly arguments: readonly string[]
  readonly result: string
  /** Registers a call may change. */
  readonly clobbered: readonly string[]
  readonly sp: string
  /** The register that a function called `name` jumps to, if that is all it does: retpolines. */
  thunkRegister(name: string): string | undefined
}
