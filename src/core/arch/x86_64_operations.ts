// What x86-64 instructions do, by the tables of iced-x86. Source: Intel SDM vol. 2; the System V ABI of x86-64, which
// kernels use without its red zone.
import { wrap64 } from '../base/addr.ts'
import type { Instruction as IcedInstruction, InstructionInfo } from 'iced-x86'
import type {
  CallingConvention,
  Flow,
  MemoryOperand,
  Operation,
  Transfer,
  ValueConstant,
  ValuePlace,
  ValueSource,
} from './operation.ts'
import type { Iced } from './x86_64_disassembler.ts'

/** In the order of iced's numbers of 64-bit registers, which is the machine's. */
const NAMES = [
  ...['ax', 'cx', 'dx', 'bx', 'sp', 'bp', 'si', 'di'],
  ...['r8', 'r9', 'r10', 'r11', 'r12', 'r13', 'r14', 'r15'],
]

/** System V, as far as integers go. */
export const X86_64_CONVENTION: CallingConvention = {
  arguments: ['di', 'si', 'dx', 'cx', 'r8', 'r9'],
  result: 'ax',
  clobbered: ['ax', 'cx', 'dx', 'si', 'di', 'r8', 'r9', 'r10', 'r11'],
  sp: 'sp',
  thunkRegister: (name) => {
    const [, register = ''] = /^__x86_indirect_(?:call_|jump_)?thunk_(\w+)$/.exec(name) ?? []
    // The first of all thunks has the name of the array as well.
    if (register === 'array') return 'ax'
    return NAMES.find((each) => each === register || `r${each}` === register)
  },
}

/** Says what iced's instructions do. */
export class X86Operations {
  readonly #iced: Iced
  readonly #factory: InstanceType<Iced['InstructionInfoFactory']>

  constructor(iced: Iced) {
    this.#iced = iced
    this.#factory = new iced.InstructionInfoFactory()
  }

  describe(instruction: IcedInstruction, address: bigint): Operation {
    const info = this.#factory.info(instruction)
    try {
      const memory = this.#memory(info)
      const transfer = this.#transfer(instruction, memory)
      return {
        address,
        length: instruction.length,
        flow: this.#flow(instruction),
        ...this.#target(instruction, memory),
        memory,
        writes: this.#writes(info),
        ...(transfer ? { transfer } : {}),
        ...this.#divisor(instruction, memory),
      }
    } finally {
      info.free()
    }
  }

  #flow(instruction: IcedInstruction): Flow {
    const { FlowControl, Mnemonic } = this.#iced
    switch (instruction.flowControl) {
      case FlowControl.UnconditionalBranch:
        return 'jump'
      case FlowControl.ConditionalBranch:
        return 'branch'
      case FlowControl.Call:
      case FlowControl.IndirectCall:
        return instruction.mnemonic === Mnemonic.Syscall ? 'next' : 'call'
      case FlowControl.IndirectBranch:
      case FlowControl.Return:
        return 'end'
      case FlowControl.Exception:
        return 'trap'
      default:
        return 'next'
    }
  }

  #target(
    instruction: IcedInstruction,
    memory: readonly MemoryOperand[],
  ): { target: bigint } | { through: ValueSource } | undefined {
    const { FlowControl, OpKind } = this.#iced
    if (instruction.opCount > 0 && instruction.op0Kind === OpKind.NearBranch64)
      return { target: instruction.nearBranchTarget }
    const { flowControl } = instruction
    if (flowControl !== FlowControl.IndirectCall && flowControl !== FlowControl.IndirectBranch)
      return undefined
    const through = this.#operand(instruction, 0, memory)
    return through && { through }
  }

  #memory(info: InstructionInfo): MemoryOperand[] {
    const { OpAccess, MemorySizeExt, Register } = this.#iced
    const found: MemoryOperand[] = []
    for (const used of info.usedMemory()) {
      const { access } = used
      if (access !== OpAccess.None && access !== OpAccess.NoMemAccess) {
        found.push({
          base: this.#name(used.base),
          index: this.#name(used.index),
          scale: used.scale,
          displacement: wrap64(used.displacement),
          size: MemorySizeExt.size(used.memorySize),
          access: this.#access(access),
          isPerCpu: used.segment === Register.GS,
        })
      }
      used.free()
    }
    return found
  }

  #access(access: number): MemoryOperand['access'] {
    const { OpAccess } = this.#iced
    if (access === OpAccess.Read || access === OpAccess.CondRead) return 'read'
    return access === OpAccess.Write || access === OpAccess.CondWrite ? 'write' : 'read-write'
  }

  #writes(info: InstructionInfo): string[] {
    const { OpAccess } = this.#iced
    const found = new Set<string>()
    for (const used of info.usedRegisters()) {
      const { access } = used
      const name = this.#name(used.register)
      if (name !== '' && access !== OpAccess.Read && access !== OpAccess.CondRead) found.add(name)
      used.free()
    }
    return [...found]
  }

  /** pt_regs's name of a general register of any width; '' for what is none. */
  #name(register: number): string {
    const { Register, RegisterExt } = this.#iced
    return NAMES[RegisterExt.fullRegister(register) - Register.RAX] ?? ''
  }

  #transfer(instruction: IcedInstruction, memory: readonly MemoryOperand[]): Transfer | undefined {
    const { Mnemonic, OpKind } = this.#iced
    switch (instruction.mnemonic) {
      case Mnemonic.Mov:
      case Mnemonic.Movzx:
      case Mnemonic.Movsxd:
        return this.#move(instruction, this.#operand(instruction, 1, memory), memory)
      case Mnemonic.Lea:
        return this.#move(instruction, this.#addressOf(instruction), memory)
      case Mnemonic.Xor:
      case Mnemonic.Sub:
        if (
          instruction.op0Kind === OpKind.Register &&
          instruction.op1Kind === OpKind.Register &&
          instruction.op0Register === instruction.op1Register
        )
          return this.#move(instruction, { kind: 'constant', value: 0n }, memory)
        return instruction.mnemonic === Mnemonic.Sub ? this.#sum(instruction, -1n) : undefined
      case Mnemonic.Add:
        return this.#sum(instruction, 1n)
      case Mnemonic.Push:
        return this.#push(instruction, memory)
      case Mnemonic.Pop:
        return this.#pop(instruction)
      default:
        return undefined
    }
  }

  #move(
    instruction: IcedInstruction,
    from: ValueSource | undefined,
    memory: readonly MemoryOperand[],
  ): Transfer | undefined {
    const to = this.#operand(instruction, 0, memory)
    if (!from || !to || to.kind === 'constant') return undefined
    const size = this.#size(instruction, 0)
    const read = from.kind === 'memory' ? from.memory.size : size
    // Parts of registers that leave the rest as it was are of no use.
    if (to.kind === 'register' && size < 4) return undefined
    return { from, to, size: Math.min(size, read) }
  }

  #size(instruction: IcedInstruction, operand: number): number {
    const { MemorySizeExt, OpKind, RegisterExt } = this.#iced
    return instruction.opKind(operand) === OpKind.Register
      ? RegisterExt.size(instruction.opRegister(operand))
      : MemorySizeExt.size(instruction.memorySize)
  }

  #operand(
    instruction: IcedInstruction,
    operand: number,
    memory: readonly MemoryOperand[],
  ): ValuePlace | ValueConstant | undefined {
    const { OpKind } = this.#iced
    const kind = instruction.opKind(operand)
    if (kind === OpKind.Register) {
      const register = this.#name(instruction.opRegister(operand))
      return register === '' ? undefined : { kind: 'register', register }
    }
    if (kind === OpKind.Memory) {
      const [found] = memory
      return found && { kind: 'memory', memory: found }
    }
    const isImmediate = kind >= OpKind.Immediate8 && kind <= OpKind.Immediate32to64
    return isImmediate
      ? { kind: 'constant', value: wrap64(instruction.immediate(operand)) }
      : undefined
  }

  #addressOf(instruction: IcedInstruction): ValueSource {
    const isRelative = instruction.isIpRelMemoryOperand
    const memory: MemoryOperand = {
      base: isRelative ? '' : this.#name(instruction.memoryBase),
      index: this.#name(instruction.memoryIndex),
      scale: instruction.memoryIndexScale,
      displacement: wrap64(
        isRelative ? instruction.ipRelMemoryAddress : instruction.memoryDisplacement,
      ),
      size: 0,
      access: 'read',
      isPerCpu: false,
    }
    return { kind: 'address', memory }
  }

  /** `add $8,%rax`: what it pointed to, and then 8 on. */
  #sum(instruction: IcedInstruction, sign: bigint): Transfer | undefined {
    const to = this.#operand(instruction, 0, [])
    const by = this.#operand(instruction, 1, [])
    if (to?.kind !== 'register' || by?.kind !== 'constant' || this.#size(instruction, 0) !== 8)
      return undefined
    const memory: MemoryOperand = {
      base: to.register,
      index: '',
      scale: 1,
      displacement: wrap64(sign * by.value),
      size: 0,
      access: 'read',
      isPerCpu: false,
    }
    return { from: { kind: 'address', memory }, to, size: 8 }
  }

  #push(instruction: IcedInstruction, memory: readonly MemoryOperand[]): Transfer | undefined {
    const slot = memory.find(({ base, access }) => base === 'sp' && access === 'write')
    const source = memory.filter((each) => each !== slot)
    const from = this.#operand(instruction, 0, source)
    return slot && from && { from, to: { kind: 'memory', memory: slot }, size: 8 }
  }

  #pop(instruction: IcedInstruction): Transfer | undefined {
    const to = this.#operand(instruction, 0, [])
    if (to?.kind !== 'register') return undefined
    const slot: MemoryOperand = {
      ...{ base: 'sp', index: '', scale: 1, displacement: 0n },
      ...{ size: 8, access: 'read', isPerCpu: false },
    }
    return { from: { kind: 'memory', memory: slot }, to, size: 8 }
  }

  #divisor(
    instruction: IcedInstruction,
    memory: readonly MemoryOperand[],
  ): { divisor: ValueSource } | undefined {
    const { Mnemonic } = this.#iced
    if (instruction.mnemonic !== Mnemonic.Div && instruction.mnemonic !== Mnemonic.Idiv)
      return undefined
    const divisor = this.#operand(instruction, 0, memory)
    return divisor && { divisor }
  }
}
