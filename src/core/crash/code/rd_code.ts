// `rd --code`: memory of the kind and in the form that was asked for.
import { codeAddress, parseCount, parsePerCpuOperand } from '../operand.ts'
import type { Session } from '../session.ts'
import { addressCode, indentCode } from './script.ts'

interface RdArgs {
  readonly values: {
    readonly signed: boolean
    readonly unsigned: boolean
    readonly symbols: boolean
    readonly slab: number
    readonly user: boolean
    readonly physical: boolean
    readonly reverse: boolean
    readonly bits8: boolean
    readonly bits16: boolean
    readonly bits32: boolean
    readonly ascii: boolean
    readonly offset: string | undefined
    readonly end: string | undefined
    readonly raw: string | undefined
  }
  readonly operands: readonly string[]
}

/** Words, text or bytes from an address on, for each CPU if it is a percpu one. */
export function rdCode({ values, operands }: RdArgs, session: Session): string {
  const { text, cpus } = parsePerCpuOperand(session, operands[0] as string)
  const count = operands[1] === undefined ? undefined : parseCount(operands[1])
  const moved = values.offset === undefined ? '' : ` + ${parseCount(values.offset)}n`
  const address = `${codeAddress(text)}${moved}`
  const body = (start: string): string => `const start = ${start}\n${readCode(values, count)}`
  if (!cpus) return body(address)
  const each = indentCode(body(`${address} + perCpuOffset(program, cpu)`))
  return `for (const cpu of [${cpus.join(', ')}]) {\n${each}\n}`
}

function readCode(values: RdArgs['values'], count: number | undefined): string {
  const unit = values.bits8 ? 1 : values.bits16 ? 2 : values.bits32 ? 4 : 8
  const bytes = (count ?? 1) * (values.raw === undefined ? unit : 1)
  const size =
    values.end === undefined
      ? `${bytes}`
      : `Number(${addressCode(BigInt(`0x${values.end.replace(/^0x/i, '')}`))} - start)`
  if (values.physical) {
    return [
      `const bytes = new Uint8Array(${size})`,
      'program.memory.readPhysical(Number(start), bytes)',
      'console.log(bytes)',
    ].join('\n')
  }
  if (values.user)
    return `const mm = taskMm(task)\nif (mm) console.log(readCell(() => String(readUserMemory(mm, start, ${size}))))`
  if (values.ascii)
    return `console.log(program.readCString(start${count === undefined ? '' : `, ${count}`}))`
  if (values.raw !== undefined) return `process.stdout.write(program.memory.bytes(start, ${size}))`
  const first = values.reverse ? `start - BigInt(${size} - ${unit})` : 'start'
  return [
    `for (let at = ${first}; at < ${first} + BigInt(${size}); at += ${unit}n)`,
    `  console.log(formatAddress(at), ${wordCode(values, unit)})`,
  ].join('\n')
}

function wordCode(values: RdArgs['values'], unit: number): string {
  const bits = unit * 8
  const word = `program.memory.u${bits}(at)`
  if (values.symbols || values.slab > 0)
    return `program.symbolize(${word}) ?? formatAddress(${word})`
  if (values.signed) return `BigInt.asIntN(${bits}, BigInt(${word}))`
  if (values.unsigned) return word
  return `${word}.toString(16).padStart(${unit * 2}, '0')`
}
