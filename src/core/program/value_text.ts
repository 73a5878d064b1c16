// Origins of values as C: `file->f_op`, `find_foo()`, `jiffies`. Names are the prototypes' and the types'; what is cast in
// the source, or reached through `void *`, has only an offset: `*(data + 0x18)`.
import { formatHex } from '../base/hex.ts'
import { sizeofType, stripType, type Type } from '../debuginfo/type.ts'
import { enclosingStruct } from './enclosing_struct.ts'
import { formatType } from './format_type.ts'
import type { FunctionFlow } from './function_flow.ts'
import { functionPrototype, parameterInRegister } from './function_prototype.ts'
import { memberAt } from './member_at.ts'
import { findMemberPlan } from './member_path.ts'
import type { Program } from './program.ts'
import type { Origin } from './value_origin.ts'

/** A value as a C expression. */
export interface ValueText {
  readonly text: string
  /** Undefined where it is not known. */
  readonly type: Type | undefined
}

/** A member of a struct that a pointer points to. */
export interface PointedMember {
  /** `struct inode`. */
  readonly struct: string
  /** `i_sb`, `i_rwsem.owner`. */
  readonly path: string
  readonly type: Type | undefined
}

/** Write where a value came from; undefined where nothing can be said. */
export function valueText(
  program: Program,
  code: FunctionFlow,
  origin: Origin,
): ValueText | undefined {
  switch (origin.kind) {
    case 'argument':
      return argumentText(program, code, origin.index)
    case 'result':
      return resultText(program, code, origin)
    case 'constant':
      return constantText(program, origin.value)
    case 'percpu':
      return variableText(program, origin.address)
    case 'load':
      return loadText(program, code, origin)
    case 'address': {
      const of = valueText(program, code, origin.of)
      const member = of?.type && pointedMember(of.type, origin.offset)
      if (!of) return undefined
      return member
        ? { text: `&${parenthesized(of.text)}->${member.path}`, type: undefined }
        : { text: sumText(of.text, origin.offset), type: undefined }
    }
    case 'element': {
      const element = elementText(program, code, origin)
      return element && { text: `&${element.text}`, type: undefined }
    }
    case 'stack':
    case 'unknown':
      return undefined
  }
}

/** The member at an offset of what a pointer of `type` points to; undefined where it points to no struct, or beyond. */
export function pointedMember(type: Type, offset: bigint): PointedMember | undefined {
  const pointer = stripType(type)
  const struct = pointer.kind === 'pointer' ? stripType(pointer.target) : undefined
  if (struct?.kind !== 'struct' && struct?.kind !== 'union') return undefined
  const member = memberAt(struct, Number(offset))
  if (!member || member.path === '') return undefined
  const more = member.offset === 0 ? '' : `+${member.offset}`
  const plan = more === '' ? findMemberPlan(struct, member.path) : undefined
  return {
    struct: formatType(struct),
    path: `${member.path}${more}`,
    type: plan?.hops.length === 0 ? plan.type : undefined,
  }
}

function argumentText(
  program: Program,
  { symbol }: FunctionFlow,
  index: number,
): ValueText | undefined {
  const prototype = functionPrototype(program, symbol)
  const parameter = prototype && parameterInRegister(prototype, index)
  if (!parameter) return undefined
  const { name, type, position } = parameter
  return { text: name === '' ? `argument ${position + 1}` : name, type }
}

function resultText(
  program: Program,
  code: FunctionFlow,
  { callee, through }: Extract<Origin, { kind: 'result' }>,
): ValueText | undefined {
  if (callee !== undefined) {
    const symbol = program.symbolAt(callee)
    if (!symbol || symbol.address !== callee) return undefined
    return { text: `${symbol.name}()`, type: functionPrototype(program, symbol)?.returns }
  }
  const called = through && valueText(program, code, through)
  const pointer = called?.type && stripType(called.type)
  const target = pointer?.kind === 'pointer' ? stripType(pointer.target) : undefined
  return (
    called && {
      text: `${parenthesized(called.text)}()`,
      type: target?.kind === 'function' ? target.returns : undefined,
    }
  )
}

/** The address of a variable, or of a function. */
function constantText(program: Program, value: bigint): ValueText | undefined {
  if (!program.arch.isKernelAddress(value)) return { text: formatHex(value), type: undefined }
  const name = program.symbolize(value)
  return name === undefined ? undefined : { text: `&${name}`, type: undefined }
}

/** What a variable, or a member of it, holds. */
function variableText(program: Program, address: bigint): ValueText | undefined {
  const symbol = program.symbolAt(address)
  if (!symbol) return undefined
  const offset = Number(address - symbol.address)
  const type = program.findGlobalType(symbol.name)
  if (!type) return offset === 0 ? { text: symbol.name, type: undefined } : undefined
  const member = memberAt(type, offset)
  if (!member || member.offset !== 0) return undefined
  const { path } = member
  if (path === '') return { text: symbol.name, type }
  const text = path.startsWith('[') ? `${symbol.name}${path}` : `${symbol.name}.${path}`
  const plan = path.startsWith('[') ? undefined : findMemberPlan(type, path)
  return { text, type: plan?.hops.length === 0 ? plan.type : undefined }
}

function loadText(
  program: Program,
  code: FunctionFlow,
  { of, offset, size }: Extract<Origin, { kind: 'load' }>,
): ValueText | undefined {
  if (of.kind === 'constant')
    return program.arch.isKernelAddress(of.value)
      ? variableText(program, of.value + offset)
      : undefined
  if (of.kind === 'element' && offset === 0n) return elementText(program, code, of)
  const base = valueText(program, code, of)
  if (!base) return undefined
  const member = base.type && pointedMember(base.type, offset)
  if (member) {
    // What is read as another type was cast.
    const isWhole = member.type !== undefined && sizeofType(member.type) === size
    const text = `${parenthesized(base.text)}->${member.path}`
    return { text, type: isWhole ? member.type : undefined }
  }
  const { module } = code.symbol
  const outer = base.type && enclosingStruct(program, module, base.type, offset, size)
  if (outer) {
    const { struct, inner, path, type } = outer
    return { text: `container_of(${base.text}, ${struct}, ${inner})->${path}`, type }
  }
  const pointer = base.type && stripType(base.type)
  const isPointerToPointer =
    pointer?.kind === 'pointer' && stripType(pointer.target).kind === 'pointer'
  const type = isPointerToPointer ? pointer.target : undefined
  if (offset === 0n) return { text: `*${parenthesized(base.text)}`, type }
  return { text: `*(${sumText(base.text, offset)})`, type }
}

/** `queues[id]`, `device->queues[...]`: an element of an array, or of what a pointer leads to. */
function elementText(
  program: Program,
  code: FunctionFlow,
  { of, index, scale }: Extract<Origin, { kind: 'element' }>,
): ValueText | undefined {
  const subscript = `[${valueText(program, code, index)?.text ?? '...'}]`
  if (of.kind === 'constant') {
    const symbol = program.symbolAt(of.value)
    if (symbol?.address !== of.value) return undefined
    const type = program.findGlobalType(symbol.name)
    return { text: `${symbol.name}${subscript}`, type: type && elementType(type, scale) }
  }
  const array = arrayMember(program, code, of)
  if (array) return { text: `${array.text}${subscript}`, type: elementType(array.type, scale) }
  const base = valueText(program, code, of)
  if (!base) return undefined
  const type = base.type && elementType(base.type, scale)
  return { text: `${parenthesized(base.text)}${subscript}`, type }
}

/** The array that lies at an offset of a struct. */
function arrayMember(
  program: Program,
  code: FunctionFlow,
  origin: Origin,
): { readonly text: string; readonly type: Type } | undefined {
  const [root, offset] = origin.kind === 'address' ? [origin.of, origin.offset] : [origin, 0n]
  const base = valueText(program, code, root)
  const pointer = base?.type && stripType(base.type)
  const struct = pointer?.kind === 'pointer' ? stripType(pointer.target) : undefined
  if (!base || (struct?.kind !== 'struct' && struct?.kind !== 'union')) return undefined
  const member = memberAt(struct, Number(offset))
  const path = member?.offset === 0 ? member.path.replace(/\[0\]$/, '') : ''
  const plan = path === '' ? undefined : findMemberPlan(struct, path)
  if (!plan || plan.hops.length > 0 || stripType(plan.type).kind !== 'array') return undefined
  return { text: `${parenthesized(base.text)}->${path}`, type: plan.type }
}

/** Of an array, or of what a pointer leads to; undefined where elements are not as large as the code takes them for. */
function elementType(type: Type, size: number): Type | undefined {
  const whole = stripType(type)
  const element =
    whole.kind === 'array' ? whole.element : whole.kind === 'pointer' ? whole.target : undefined
  return element && sizeofType(element) === size ? element : undefined
}

/** `text + 0x10`. @internal */
export const sumText = (text: string, offset: bigint): string =>
  offset < 0n ? `${text} - ${formatHex(-offset)}` : `${text} + ${formatHex(offset)}`

const parenthesized = (text: string): string => (/^[*&]| [-+] /.test(text) ? `(${text})` : text)
