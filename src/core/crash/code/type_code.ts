// `--code` of the commands that look at types and values: struct, union, *, p, whatis, sym.
import { codeAddress, parseCount, isPerCpuAddress, parsePerCpuOperand } from '../operand.ts'
import type { Session } from '../session.ts'
import { parseStructReference, type StructArgs } from '../struct_view.ts'
import type { Type } from '../../debuginfo/type.ts'
import { addressCode, indentCode, textCode } from './script.ts'

/** A definition, or objects at an address. */
export function structCode({ values, operands }: StructArgs, session: Session): string {
  const [text = '', target, count] = operands
  const { name, type, members } = parseStructReference(session, text)
  const typeName = textCode(fullName(name, type))
  if (target === undefined) {
    if (members.length === 0) return definitionCode(typeName)
    return members
      .map(
        (member) =>
          `console.log('${member}', program.objectAt(${typeName}, 0n).get(${textCode(member)}).address)`,
      )
      .join('\n')
  }
  const { text: place, cpus } = parsePerCpuOperand(session, target)
  const start = `${codeAddress(place)}${listOffset(values.list)}`
  const { radix } = session.format(values)
  const show = (object: string): string => `formatObject(${object}, { radix: ${radix} })`
  const body = values.user
    ? `const mm = taskMm(task)\nif (mm) console.log(readCell(() => String(readUserMemory(mm, at, program.sizeof(${typeName})))))`
    : [
        `const object = program.objectAt(${typeName}, at)`,
        ...(values.raw
          ? ['console.log(object.bytes())']
          : members.length === 0
            ? [`console.log(${show('object')})`]
            : members.map(
                (member) =>
                  `console.log('${member} =', ${show(`object.get(${textCode(member)})`)})`,
              )),
      ].join('\n')
  const loop = (head: string, at: string): string =>
    `${head} {\n  const at = ${at}\n${indentCode(body)}\n}`
  if (cpus)
    return loop(`for (const cpu of [${cpus.join(', ')}])`, `${start} + perCpuOffset(program, cpu)`)
  const number = parseCount(values.count ?? count ?? '1')
  if (number === 1) return `const at = ${start}\n${body}`
  const [from, to] = number < 0 ? [number + 1, 1] : [0, number]
  return loop(
    `for (let i = ${from}; i < ${to}; i++)`,
    `${start} + BigInt(i * program.sizeof(${typeName}))`,
  )
}

/** `-l`: bytes, or struct.member. */
function listOffset(text: string | undefined): string {
  if (text === undefined) return ''
  const [type = '', ...members] = text.split('.')
  if (members.length === 0) return ` - ${text}n`
  return ` - program.objectAt(${textCode(type)}, 0n).get(${textCode(members.join('.'))}).address`
}

/** The name by which C knows a type: a typedef's own, others with their keyword. */
function fullName(name: string, type: Type): string {
  const isNamed = /^(struct|union|enum) /.test(name) || type.kind === 'typedef'
  return isNamed || !/^(struct|union|enum)$/.test(type.kind) ? name : `${type.kind} ${name}`
}

function definitionCode(typeName: string): string {
  return [
    `const type = program.type(${typeName})`,
    "for (const { depth, text } of formatDefinition(type)) console.log('    '.repeat(depth) + text)",
    "console.log('SIZE:', sizeofType(type))",
  ].join('\n')
}

interface PArgs {
  readonly values: { readonly hex: boolean; readonly decimal: boolean }
  readonly operands: readonly string[]
}

/** The value of an expression, of each CPU where it names a percpu variable. */
export function pCode({ values, operands }: PArgs, session: Session): string {
  const { text, cpus } = parsePerCpuOperand(session, operands.join(' '))
  const { radix } = session.format(values)
  const show = (object: string): string =>
    `console.log(formatExpression(${object}, { radix: ${radix} }))`
  const names = Array.from(new Set(text.match(/[A-Za-z_]\w*/g) ?? [])).filter((name) => {
    const symbol = session.program.findSymbol(name)
    return symbol !== undefined && isPerCpuAddress(session.program, symbol.address)
  })
  if (!cpus) {
    if (names.length === 0 || names[0] !== text) return show(`evaluate(program, ${textCode(text)})`)
    return `for (const cpu of forEachCpu(program, 'possible'))\n  console.log(cpu, formatAddress(program.symbol('${text}') + perCpuOffset(program, cpu)))`
  }
  const percpu = `[${names.map(textCode).join(', ')}].includes(name) ? perCpu(program, name, cpu) : undefined`
  return [
    `for (const cpu of [${cpus.join(', ')}]) {`,
    `  const resolve = (name: string) => (${percpu})`,
    `  ${show(`evaluate(program, ${textCode(text)}, { resolve })`)}`,
    '}',
  ].join('\n')
}

/** What declares a name: a function, a variable, a type. */
export function whatisCode(
  { operands }: { readonly operands: readonly string[] },
  session: Session,
): string {
  const name = operands.join(' ')
  const quoted = textCode(name)
  const { program } = session
  if (program.findSymbol(name)) {
    if ([...program.typeProviders()].some((types) => types.findFunction(name)))
      return [
        'for (const types of program.typeProviders()) {',
        `  const type = types.findFunction(${quoted})`,
        `  if (type) console.log(formatType(type, ${quoted}))`,
        '}',
      ].join('\n')
    if (program.findGlobalType(name))
      return `const type = program.findGlobalType(${quoted})\nif (type) console.log(formatType(type, ${quoted}))`
  }
  const { name: typeName, type, members } = parseStructReference(session, name)
  const full = fullName(typeName, type)
  if (members.length === 0) return definitionCode(textCode(full))
  return members
    .map(
      (member) =>
        `console.log(formatType(program.objectAt(${textCode(full)}, 0n).get(${textCode(member)}).type, ${textCode(member)}))`,
    )
    .join('\n')
}

interface SymArgs {
  readonly values: {
    readonly list: boolean
    readonly modules: boolean
    readonly module: string | undefined
    readonly previous: boolean
    readonly next: boolean
    readonly query: string | undefined
  }
  readonly operands: readonly string[]
}

const SYMBOL = 'console.log(formatAddress(symbol.address), symbol.type, symbol.name, symbol.module)'

/** Symbols by name, by address, by part of the name, or all. */
export function symCode({ values, operands }: SymArgs, { program }: Session): string {
  const kernel = (condition: string): string =>
    `for (const symbol of program.kernelSymbols?.forEach() ?? [])\n  ${condition}${SYMBOL}`
  const modules = (condition: string, which = ''): string =>
    `for (const module of program.modules) {${which}\n  for (const symbol of module.symbols()?.forEach() ?? [])\n    ${condition}${SYMBOL}\n}`
  if (values.query !== undefined) {
    const condition = `if (symbol.name.includes(${textCode(values.query)})) `
    return `${kernel(condition)}\n${modules(condition)}`
  }
  if (values.module !== undefined)
    return modules('', `\n  if (module.name !== ${textCode(values.module)}) continue`)
  if (values.modules) return modules('')
  if (values.list) return `${kernel('')}\n${modules('')}`
  return operands
    .map((operand) => {
      const known = program.findSymbol(operand)
      if (!known && /^(0x)?[\da-f]{1,16}$/i.test(operand) && !values.previous && !values.next) {
        const address = addressCode(BigInt(`0x${operand.replace(/^0x/i, '')}`))
        return `console.log(formatAddress(${address}), program.symbolize(${address}))`
      }
      const found = known
        ? `program.findSymbol(${textCode(operand)})`
        : `program.symbolAt(${addressCode(BigInt(`0x${operand.replace(/^0x/i, '')}`))})`
      const near = [
        ...(values.previous ? ['program.symbolAt(symbol.address - 1n)'] : []),
        'symbol',
        ...(values.next
          ? [
              '[...(program.kernelSymbols?.forEach() ?? [])].filter(({ address }) => address > symbol.address).sort((a, b) => (a.address < b.address ? -1 : 1))[0]',
            ]
          : []),
      ]
      const print = `if (each) console.log(formatAddress(each.address), each.type, each.name, each.module)`
      return `{\n  const symbol = ${found}\n  if (!symbol) throw new NotFoundError('symbol', ${textCode(operand)})\n  for (const each of [${near.join(', ')}]) ${print}\n}`
    })
    .join('\n')
}
