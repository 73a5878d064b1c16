// bpf: loaded BPF programs and maps. Source of names and layout: crash's `bpf`.
import { UsageError } from '../../base/errors.ts'
import { findBpfMap, findBpfProg, forEachBpfMap, forEachBpfProg } from '../../kernel/bpf.ts'
import type { Program } from '../../program/program.ts'
import { bytecodeBlock, jitBlocks } from '../bpf_code.ts'
import { mapDetails, mapTable, progDetails, progTable } from '../bpf_tables.ts'
import { defineCommand, lines, type Block, type CommandArgs } from '../command.ts'
import { parseCount } from '../operand.ts'
import type { Session } from '../session.ts'

const OPTIONS = {
  prog: {
    type: 'string',
    short: 'p',
    value: 'ID',
    help: 'one program, with its sizes, times and name',
  },
  progs: { type: 'boolean', short: 'P', help: 'the same of all programs' },
  map: { type: 'string', short: 'm', value: 'ID', help: 'one map, with its sizes and name' },
  maps: { type: 'boolean', short: 'M', help: 'the same of all maps' },
  translate: { type: 'boolean', short: 't', help: 'with -p or -P: the bytecode as text' },
  translateBytes: {
    type: 'boolean',
    short: 'T',
    help: 'the same, with the bytes of each instruction',
  },
  jit: { type: 'boolean', short: 'j', help: 'with -p or -P: the machine code' },
  struct: { type: 'boolean', short: 's', help: 'show bpf_prog and bpf_prog_aux, or bpf_map' },
  hex: { type: 'boolean', short: 'x', help: 'with -s: numbers in hexadecimal' },
  decimal: { type: 'boolean', short: 'd', help: 'with -s: numbers in decimal' },
} as const

type Args = CommandArgs<typeof OPTIONS>

export const bpf = defineCommand({
  name: 'bpf',
  summary: 'extended Berkeley Packet Filter (eBPF)',
  description:
    'Programs and maps by id; -p and -m show more of one, -P and -M of all. LOAD_TIME is counted from the clock at the ' +
    'crash. MEMLOCK of a map is an estimate since Linux 5.11, which counts no pages any more.',
  examples: [
    { text: 'what was loaded', command: 'bpf' },
    { text: 'the bytecode of program 13', command: 'bpf -p 13 -t' },
    { text: 'a map as the kernel has it', command: 'bpf -m 1 -s' },
  ],
  options: OPTIONS,
  needs: ['symbols', 'types'],
  code: ({ values }) => codeOf(values),
  *run(session, args) {
    const { program } = session
    const { values, operands } = args
    checkOptions(args)
    if (operands.length > 0) throw new UsageError(`invalid argument: ${operands[0]}`)
    const isChosen =
      values.prog !== undefined || values.map !== undefined || values.progs || values.maps
    if (isChosen) {
      yield* chosenProgs(session, values)
      yield* chosenMaps(session, values)
      return
    }
    yield progTable(forEachBpfProg(program))
    yield lines('')
    yield mapTable(program, forEachBpfMap(program))
  },
})

function codeOf(values: Args['values']): string {
  const map = `console.log(map.number('id'), bpfTypeName(map.get('map_type')), map.string('name'))`
  const prog = `console.log(prog.number('aux.id'), bpfTypeName(prog.get('type')), prog.string('aux.name'))`
  if (values.prog !== undefined)
    return `const prog = findBpfProg(program, ${parseCount(values.prog)})\nif (prog) ${prog}`
  if (values.map !== undefined)
    return `const map = findBpfMap(program, ${parseCount(values.map)})\nif (map) ${map}`
  const progs = `for (const prog of forEachBpfProg(program)) ${prog}`
  const maps = `for (const map of forEachBpfMap(program)) ${map}`
  if (values.maps) return maps
  return values.progs ? progs : `${progs}\n${maps}`
}

function checkOptions({ values }: Args): void {
  const isProg = values.prog !== undefined || values.progs
  const isMap = values.map !== undefined || values.maps
  for (const [given, letter] of [
    [values.jit, 'j'],
    [values.translate, 't'],
    [values.translateBytes, 'T'],
  ] as const) {
    if (given && !isProg) throw new UsageError(`-${letter} option only applicable with -p or -P`)
  }
  if (values.struct && !isProg && !isMap)
    throw new UsageError('-s option requires either -p, -P, -m or -M')
}

function* chosenProgs(session: Session, values: Args['values']): Generator<Block> {
  const { program } = session
  const progs = values.progs
    ? forEachBpfProg(program)
    : values.prog === undefined
      ? []
      : [findById(program, values.prog, 'program', findBpfProg)]
  for (const prog of progs) {
    if (session.aborted) return
    const blocks: Block[] = [progTable([prog], true), ...progDetails(prog)]
    if (values.translate || values.translateBytes)
      blocks.push(lines(''), bytecodeBlock(prog, values.translateBytes))
    if (values.jit) blocks.push(lines(''), ...jitBlocks(prog))
    if (values.struct) {
      const format = session.format(values)
      blocks.push(
        lines(''),
        { kind: 'object', object: prog, format, prefix: 'struct bpf_prog ' },
        lines(''),
        { kind: 'object', object: prog.get('aux').deref(), format, prefix: 'struct bpf_prog_aux ' },
      )
    }
    yield { kind: 'section', heading: undefined, blocks }
  }
}

function* chosenMaps(session: Session, values: Args['values']): Generator<Block> {
  const { program } = session
  const maps = values.maps
    ? forEachBpfMap(program)
    : values.map === undefined
      ? []
      : [findById(program, values.map, 'map', findBpfMap)]
  for (const map of maps) {
    if (session.aborted) return
    const blocks: Block[] = [mapTable(program, [map], true), ...mapDetails(map)]
    if (values.struct)
      blocks.push(lines(''), {
        kind: 'object',
        object: map,
        format: session.format(values),
        prefix: 'struct bpf_map ',
      })
    yield { kind: 'section', heading: undefined, blocks }
  }
}

function findById<T>(
  program: Program,
  text: string,
  what: string,
  find: (program: Program, id: number) => T | undefined,
): T {
  const found = find(program, parseCount(text))
  if (found === undefined) throw new UsageError(`invalid ${what} ID: ${text}`)
  return found
}
