// A division by zero, or one whose quotient is too large for its register. Source: Intel SDM vol. 3, #DE.
import { formatHex } from '../../base/hex.ts'
import { functionFlow, operationAt } from '../../program/function_flow.ts'
import type { Operation, ValueSource } from '../../program/function_flow.ts'
import type { Program } from '../../program/program.ts'
import { placeOf, type ValueState } from '../../program/value_flow.ts'
import { loadOrigin, type Origin } from '../../program/value_origin.ts'
import { valueText } from '../../program/value_text.ts'
import { hex, instructionText, registerText } from '../access_text.ts'
import { effectiveAddress } from '../bad_pointer.ts'
import { blame } from '../blame.ts'
import type { Fault } from '../fault.ts'
import { inCulprit, pathText } from '../frame_text.ts'
import { atMost } from '../incident.ts'
import type { Evidence, Rule } from '../rule.ts'

export const divideError: Rule = {
  name: 'divide-error',
  summary: 'a division by zero: which variable was 0',
  needs: ['symbols'],
  *find({ program, incidents }) {
    for (const { fault, index, role, explains, limit } of incidents) {
      const operation = fault.ip === undefined ? undefined : operationAt(program, fault.ip)
      if (!isDivideError(fault, operation)) continue
      const culprit = blame(program, fault.frames)
      const divisor = operation?.divisor && tellDivisor(program, fault, operation.divisor)
      yield {
        kind: 'divide-error',
        role,
        title: `${titleOf(divisor)}${inCulprit(culprit)}`,
        confidence: atMost('certain', limit),
        evidence: evidenceOf(program, fault, divisor),
        refutedBy: [
          'an earlier oops or report of corrupted memory: then something else wrote the 0',
        ],
        culprit,
        next: [
          { text: 'see where the divisor comes from, and who should have checked it', command: '' },
          { text: 'see who called, and with what', command: 'bt' },
        ],
        explains: ['oops', ...explains],
        ...(index === undefined ? {} : { fault: index }),
      }
    }
  },
}

function isDivideError(
  { trouble, entry, isFatal }: Fault,
  operation: Operation | undefined,
): boolean {
  if (trouble) return trouble.kind === 'divide-error'
  return (
    entry.includes('divide_error') || (isFatal && entry === '' && operation?.divisor !== undefined)
  )
}

interface Divisor {
  /** In the words of the source; else its register. */
  readonly name: string
  /** Undefined where it cannot be read. */
  readonly value: bigint | undefined
  readonly address: bigint | undefined
}

function tellDivisor(program: Program, fault: Fault, source: ValueSource): Divisor | undefined {
  const code = fault.ip === undefined ? undefined : functionFlow(program, fault.ip)
  const state = fault.ip === undefined ? undefined : code?.flow.stateAt(fault.ip)
  const origin = state && originOf(state, source)
  const text = code && origin && valueText(program, code, origin)?.text
  if (source.kind === 'register') {
    const value = fault.registers[source.register]
    return { name: text ?? registerText(source.register), value, address: undefined }
  }
  if (source.kind !== 'memory') return undefined
  const address = effectiveAddress(source.memory, fault.registers)
  return { name: text ?? 'a number in memory', value: undefined, address }
}

function originOf(state: ValueState, source: ValueSource): Origin | undefined {
  if (source.kind === 'register') return state.registers.get(source.register)
  const place = source.kind === 'memory' ? placeOf(state, source.memory) : undefined
  return place && source.kind === 'memory' ? loadOrigin(place, source.memory.size) : undefined
}

function titleOf(divisor: Divisor | undefined): string {
  if (!divisor) return 'division by zero'
  const { name, value } = divisor
  // The upper half of a register may hold anything where 32 bits are divided.
  if (value === undefined || (value & 0xffff_ffffn) === 0n) return `division by zero: ${name} is 0`
  return `division overflow: divided by ${name}, which is ${formatHex(value)}, the quotient is too large`
}

function evidenceOf(program: Program, fault: Fault, divisor: Divisor | undefined): Evidence[] {
  const { ip, trouble, frames } = fault
  const evidence: Evidence[] = []
  if (ip !== undefined) {
    const text = instructionText(program, ip) ?? 'the instruction that faulted'
    const where = program.symbolize(ip) ?? formatHex(ip)
    evidence.push({ text: `${where} is \`${text}\``, address: ip, command: `dis ${hex(ip)} 1` })
  }
  if (divisor?.address !== undefined)
    evidence.push({
      text: `${divisor.name} lies there`,
      address: divisor.address,
      command: `rd ${hex(divisor.address)}`,
    })
  else if (divisor?.value !== undefined)
    evidence.push({
      text: `the divisor's register held ${formatHex(divisor.value)}`,
      command: 'bt',
    })
  if (trouble) evidence.push({ text: `the log says: ${trouble.line}`, command: 'log' })
  evidence.push({ text: `the way there: ${pathText(program, frames)}`, command: 'bt' })
  return evidence
}
