// How findings speak of a refused access: `config is NULL`, `its sample_rate is read`, and what shows it.
import { attempt } from '../base/errors.ts'
import { formatHex } from '../base/hex.ts'
import { forEachInstruction } from '../program/disassemble.ts'
import type { Program } from '../program/program.ts'
import { sumText } from '../program/value_text.ts'
import { thingText } from './address_text.ts'
import type { FaultingAccess } from './faulting_access.ts'
import { functionText, pathText } from './frame_text.ts'
import type { PointerTale } from './pointer_tale.ts'
import type { Evidence } from './rule.ts'

/** `config (struct channel_config *, argument 2)`; `the pointer in %rdi` where its name is not known. */
export function pointerText(tale: PointerTale, { pointer }: FaultingAccess): string {
  const { name, type, argument, isResult, holder } = tale
  if (name === '') {
    if (!pointer || pointer.register === '') return 'a pointer'
    return `the pointer in ${registerText(pointer.register)}`
  }
  // `->` chains name no struct.
  const member = holder ? `${holder.struct}.${holder.path}` : ''
  const more = [type, member, argument].filter((part) => part !== '').join(', ')
  return `${isResult ? `what ${name} returned` : name}${more === '' ? '' : ` (${more})`}`
}

/** `config->sample_rate is read`; `8 bytes at offset 0x18 are written` where the member is not known. */
export function accessText({ name, member, offset }: PointerTale, access: FaultingAccess): string {
  const verb = VERBS[access.access]
  if (access.access === 'fetch') return 'it was called'
  if (member) return `${memberName(name, member.path)} is ${verb}`
  if (!access.operand) return `${formatHex(access.address ?? 0n)} is ${verb}`
  const { size } = access.operand
  const what = size === 0 ? 'memory' : `${size} byte${size === 1 ? '' : 's'}`
  const be = size > 1 ? 'are' : 'is'
  if (offset === undefined) return `${what} of an array ${be} ${verb}`
  const sign = offset < 0n ? '-' : ''
  return `${what} at offset ${sign}${formatHex(offset < 0n ? -offset : offset)} ${be} ${verb}`
}

const memberName = (name: string, path: string): string =>
  `${/^[*&]| [-+] /.test(name) ? `(${name})` : name}->${path}`

const VERBS = {
  read: 'read',
  write: 'written',
  'read-write': 'changed',
  fetch: 'executed',
  unknown: 'accessed',
} as const

/** `%rdi` for `di`, `%r8` for `r8`. */
export function registerText(name: string): string {
  return /^(?:[a-d]x|[sd]i|[sb]p)$/.test(name) ? `%r${name}` : `%${name}`
}

/** What shows an access, the strongest first. */
export function accessEvidence(
  program: Program,
  access: FaultingAccess,
  tale: PointerTale,
): Evidence[] {
  const { fault, pointer } = access
  const evidence: Evidence[] = []
  const instruction = instructionEvidence(program, access)
  if (instruction) evidence.push(instruction)
  if (pointer && pointer.register !== '')
    evidence.push({ text: registerEvidence(tale, pointer), command: 'bt' })
  const index = indexEvidence(access)
  if (index) evidence.push(index)
  if (tale.member) {
    const { struct, path } = tale.member
    const text = `offset ${formatHex(tale.offset ?? 0n)} of ${struct} is ${path}`
    evidence.push({ text, command: `struct -o ${struct.replace(/^struct /, '')}` })
  }
  if (tale.place !== undefined) evidence.push(placeEvidence(program, access, tale.place))
  if (fault.trouble) evidence.push({ text: `the log says: ${fault.trouble.line}`, command: 'log' })
  evidence.push({ text: `the way there: ${pathText(program, fault.frames)}`, command: 'bt' })
  return evidence
}

function registerEvidence(
  tale: PointerTale,
  pointer: NonNullable<FaultingAccess['pointer']>,
): string {
  const holds = `${registerText(pointer.register)} held ${formatHex(pointer.value)}`
  if (tale.name === '') return holds
  const whose = tale.frame ? ` in ${functionText(tale.frame)}` : ''
  const what = tale.shift === 0n ? tale.name : sumText(tale.name, tale.shift)
  return `${holds}: ${what}${whose}`
}

function indexEvidence({ operand, fault }: FaultingAccess): Evidence | undefined {
  const value = operand && operand.index !== '' ? fault.registers[operand.index] : undefined
  if (!operand || value === undefined) return undefined
  const signed = BigInt.asIntN(64, value)
  return { text: `the index in ${registerText(operand.index)} was ${signed}`, command: 'bt' }
}

function instructionEvidence(program: Program, access: FaultingAccess): Evidence | undefined {
  const { ip } = access.fault
  if (ip === undefined) return undefined
  if (access.access === 'fetch' && !access.operation)
    return { text: `the CPU was to execute at ${formatHex(ip)}`, address: ip, command: 'bt' }
  const text = instructionText(program, ip)
  const where = program.symbolize(ip) ?? formatHex(ip)
  return {
    text: text === undefined ? `the instruction at ${where} faulted` : `${where} is \`${text}\``,
    address: ip,
    command: `dis ${hex(ip)} 1`,
  }
}

/** The instruction as gdb writes it; undefined without a disassembler or its bytes. */
export function instructionText(program: Program, ip: bigint): string | undefined {
  return attempt(() => {
    const [instruction] = forEachInstruction(program, ip, ip + 1n)
    return instruction && `${instruction.mnemonic} ${instruction.operands}`.trim()
  })
}

/** Where the pointer was loaded from, and whether it is there still: another CPU may have been at work. */
function placeEvidence(program: Program, { pointer }: FaultingAccess, place: bigint): Evidence {
  const now = attempt(() => program.memory.u64(place))
  const thing = thingText(program, place)
  const there =
    now === undefined
      ? 'which cannot be read'
      : now === pointer?.value
        ? 'which holds it still'
        : `which holds ${formatHex(now)} now: it was changed meanwhile`
  return {
    text: `it was loaded from ${thing === '' ? formatHex(place) : thing}, ${there}`,
    address: place,
    command: `rd ${hex(place)}`,
  }
}

/** As crash's commands take addresses. */
export const hex = (address: bigint): string => formatHex(address).slice(2)
