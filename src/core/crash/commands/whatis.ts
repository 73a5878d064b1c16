// whatis: the definition behind a name: a type, a variable, a function.
import { whatisCode } from '../code/type_code.ts'
import { UsageError } from '../../base/errors.ts'
import { formatType } from '../../program/format_type.ts'
import type { Program } from '../../program/program.ts'
import { defineCommand, lines, type Block } from '../command.ts'
import { parseStructReference } from '../struct_view.ts'

const OPTIONS = {
  offsets: { type: 'boolean', short: 'o', help: 'show member offsets' },
} as const

export const whatis = defineCommand({
  name: 'whatis',
  summary: 'the definition of a type, variable or function',
  operands: '[struct | union | enum] name[.member]',
  operandsMin: 1,
  examples: [
    { text: 'a struct', command: 'whatis list_head' },
    { text: 'a function', command: 'whatis schedule' },
    { text: 'a variable', command: 'whatis init_task' },
  ],
  options: OPTIONS,
  needs: ['types'],
  code: whatisCode,
  *run(session, { values, operands }) {
    const name = operands.join(' ')
    const declaration = declarationOf(session.program, name)
    if (declaration !== undefined) {
      yield lines(`${declaration};`)
      return
    }
    const reference = parseStructReference(session, name)
    const { radix } = session.format()
    const some = reference.members.length > 0 ? { members: reference.members } : {}
    const offsets = values.offsets || reference.members.length > 0 ? { offsetsFrom: 0n } : {}
    const block: Block = { kind: 'definition', type: reference.type, radix, ...offsets, ...some }
    yield block
  },
})

/** `struct task_struct init_task`, `void schedule(void)`; undefined if no such symbol, or its type is unknown. */
function declarationOf(program: Program, name: string): string | undefined {
  const symbol = program.findSymbol(name)
  if (!symbol) return undefined
  for (const provider of program.typeProviders()) {
    const type = provider.findFunction(name)
    if (type && /^[tTwW]$/.test(symbol.type)) return formatType(type, name)
  }
  const type = program.findGlobalType(name)
  if (type) return formatType(type, name)
  if (program.hasType(name)) return undefined
  throw new UsageError(`the dump does not say the type of '${name}'`)
}
