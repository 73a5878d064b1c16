// The command line of makedumpfile(8), as far as kbox does it: which options exist, which we act on, which change
// nothing here. Source: makedumpfile(8), makedumpfile.c main().
import { UsageError, UnsupportedError } from '../../core/base/errors.ts'
import { type ArgumentKind, type GetoptOption, parseGetopt } from '../../core/base/getopt.ts'
import type { CodecName } from '../../core/codec/codec.ts'
import type { PageOrder } from './page_order.ts'

const LEVEL_MAX = 31
/** Bits of --message-level. */
export const ML_PROGRESS = 1
export const ML_COMMON = 2
export const ML_ERROR = 4
export const ML_DEBUG = 8
export const ML_REPORT = 16
const MESSAGE_LEVEL_MAX = 31
const THREADS_MAX = 1024

/** What is done: make a dump, or one of the things beside it. */
export type MakedumpfileMode =
  | 'dump'
  | 'rearrange'
  | 'reassemble'
  | 'dmesg'
  | 'mem-usage'
  | 'vmcoreinfo'
  | 'help'
  | 'version'

/** What a command line asks for. */
export interface MakedumpfileRequest {
  readonly mode: MakedumpfileMode
  /** Files of the dump to read: several only where they are parts of one. */
  readonly inputs: readonly string[]
  /** Files to write; none for what goes to standard output. */
  readonly outputs: readonly string[]
  readonly format: 'kdump' | 'elf'
  /** Write a flattened stream to standard output. */
  readonly isFlattened: boolean
  readonly isSplit: boolean
  /** Parts begin at multiples of so many KiB. */
  readonly splitblockKib: number | undefined
  /** Dump levels to try in turn while the target is too small. */
  readonly levels: readonly number[]
  readonly codec: CodecName | undefined
  readonly overwrite: boolean
  readonly pageOrder: PageOrder
  readonly messageLevel: number
  /** False after --non-mmap. */
  readonly useMmap: boolean
  /** Threads that compress; undefined leaves it to kbox. */
  readonly threads: number | undefined
  /** No output may exceed so many bytes. */
  readonly sizeLimit: number | undefined
  /** File with rules for what to erase. */
  readonly eraseConfig: string | undefined
  /** File with the text of VMCOREINFO (-i). */
  readonly vmcoreinfoFile: string | undefined
  /** Kernel with debug information (-x): only its identity is checked. */
  readonly vmlinux: string | undefined
  /** Virtual address to translate. */
  readonly vtop: string | undefined
  /** Of the log, only what came since it was last cleared. */
  readonly isPartialDmesg: boolean
  /** Write nothing. */
  readonly isDryRun: boolean
  /** Do nothing but check the command line. */
  readonly checkOnly: boolean
  /** Given options that change nothing here, as typed. */
  readonly ignored: readonly string[]
}

const CODEC_OF_LETTER: Readonly<Record<string, CodecName>> = {
  c: 'zlib',
  l: 'lzo',
  p: 'snappy',
  z: 'zstd',
}

const letter = (name: string, argument: ArgumentKind = 'none'): GetoptOption => ({
  name,
  letter: name,
  argument,
})
const long = (name: string, argument: ArgumentKind = 'none'): GetoptOption => ({
  name,
  long: name,
  argument,
})

/** Speed options of another program. */
const IGNORED: readonly GetoptOption[] = [
  long('cyclic-buffer', 'required'),
  long('work-dir', 'required'),
  { name: 'b', letter: 'b', long: 'block-order', argument: 'required' },
]

/** What kbox does not do, and why not. */
const UNSUPPORTED: Readonly<Record<string, string>> = {
  X: 'Xen dumps',
  'xen-syms': 'Xen dumps',
  'xen-vmcoreinfo': 'Xen dumps',
  xen_phys_start: 'Xen dumps',
  diskset: 'sadump disk sets',
  e: 'pages of vmemmap cannot be left out: no reader could tell what memory is used for',
  eppic: 'eppic macros are compiled code: write the rules for --config',
  extension: 'extensions are compiled code: write the rules for --config',
}

const NO_ARGUMENT = ['c', 'l', 'p', 'z', 'f', 'D', 'E', 'F', 'R', 'X', 'e'] as const
const LONG_NO_ARGUMENT = [
  'show-stats',
  'check-params',
  'non-mmap',
  'split',
  'reassemble',
  'dump-dmesg',
  'partial-dmesg',
  'mem-usage',
  'dry-run',
] as const
const LONG_ARGUMENT = [
  'message-level',
  'page-order',
  'num-threads',
  'splitblock-size',
  'vtop',
  'config',
  'eppic',
  'extension',
  'xen-syms',
  'xen-vmcoreinfo',
  'xen_phys_start',
  'diskset',
] as const

const OPTIONS: readonly GetoptOption[] = [
  ...NO_ARGUMENT.map((name) => letter(name)),
  ...['L', 'g', 'i', 'x'].map((name) => letter(name, 'required')),
  { name: 'd', letter: 'd', long: 'dump-level', argument: 'required' },
  { name: 'help', letter: 'h', long: 'help', argument: 'none' },
  { name: 'version', letter: 'v', argument: 'none' },
  ...LONG_NO_ARGUMENT.map((name) => long(name)),
  ...LONG_ARGUMENT.map((name) => long(name, 'required')),
  ...IGNORED,
]

const DEFAULTS: MakedumpfileRequest = {
  mode: 'dump',
  inputs: [],
  outputs: [],
  format: 'kdump',
  isFlattened: false,
  isSplit: false,
  splitblockKib: undefined,
  levels: [0],
  codec: undefined,
  overwrite: false,
  pageOrder: 'priority',
  messageLevel: ML_PROGRESS | ML_COMMON | ML_ERROR,
  useMmap: true,
  threads: undefined,
  sizeLimit: undefined,
  eraseConfig: undefined,
  vmcoreinfoFile: undefined,
  vmlinux: undefined,
  vtop: undefined,
  isPartialDmesg: false,
  isDryRun: false,
  checkOnly: false,
  ignored: [],
}

/**
 * Parse makedumpfile's arguments.
 *
 * @throws {UsageError} with the message getopt or makedumpfile has for it, '' where makedumpfile has none of its own
 * @throws {UnsupportedError} for an option that kbox does not do
 */
export function parseMakedumpfileOptions(argv: readonly string[]): MakedumpfileRequest {
  const { request, operands } = parseMakedumpfileFlags(argv)
  return withOperands(request, operands)
}

/**
 * Parse makedumpfile's arguments, but say nothing about which files they name.
 *
 * @throws as parseMakedumpfileOptions
 */
export function parseMakedumpfileFlags(argv: readonly string[]): {
  readonly request: MakedumpfileRequest
  readonly operands: readonly string[]
} {
  const { options, operands } = parseGetopt(argv, OPTIONS)
  let request = DEFAULTS
  for (const { name, argument } of options) {
    request = { ...request, ...(readFlag(name) ?? readValue(name, argument) ?? refuse(name)) }
    if (IGNORED.some((option) => option.name === name))
      request = { ...request, ignored: [...request.ignored, typed(name)] }
    if (name === 'D') request = withMessages(request, ML_DEBUG)
    if (name === 'show-stats') request = withMessages(request, ML_REPORT)
    if (name === 'g') request = { ...request, outputs: [argument] }
  }
  return { request: checkTogether(request), operands }
}

type Change = Partial<MakedumpfileRequest>

const FLAGS: Readonly<Record<string, Change>> = {
  f: { overwrite: true },
  E: { format: 'elf' },
  F: { isFlattened: true },
  R: { mode: 'rearrange' },
  g: { mode: 'vmcoreinfo' },
  split: { isSplit: true },
  reassemble: { mode: 'reassemble' },
  'dump-dmesg': { mode: 'dmesg' },
  'partial-dmesg': { isPartialDmesg: true },
  'mem-usage': { mode: 'mem-usage' },
  'dry-run': { isDryRun: true },
  'non-mmap': { useMmap: false },
  'check-params': { checkOnly: true },
  help: { mode: 'help' },
  version: { mode: 'version' },
  D: {},
  'show-stats': {},
  b: {},
  'cyclic-buffer': {},
  'work-dir': {},
}

/** What an option without a value means. */
function readFlag(name: string): Change | undefined {
  const codec = Object.hasOwn(CODEC_OF_LETTER, name) ? CODEC_OF_LETTER[name] : undefined
  if (codec) return { codec }
  return Object.hasOwn(FLAGS, name) ? FLAGS[name] : undefined
}

/** What an option with a value means. */
function readValue(name: string, argument: string): Change | undefined {
  switch (name) {
    case 'd':
      return { levels: parseLevels(argument) }
    case 'message-level':
      return { messageLevel: parseMessageLevel(argument) }
    case 'page-order':
      return { pageOrder: parsePageOrder(argument) }
    case 'num-threads':
      return { threads: parseCount(argument, 'Number of threads', 0, THREADS_MAX) }
    case 'splitblock-size':
      return { splitblockKib: parseCount(argument, 'Splitblock size', 1, Number.MAX_SAFE_INTEGER) }
    case 'L':
      return { sizeLimit: parseCount(argument, 'Limit size', 1, Number.MAX_SAFE_INTEGER) }
    case 'config':
      return { eraseConfig: argument }
    case 'i':
      return { vmcoreinfoFile: argument }
    case 'x':
      return { vmlinux: argument }
    case 'vtop':
      return { vtop: argument }
    default:
      return undefined
  }
}

const typed = (name: string): string => (name.length === 1 ? `-${name}` : `--${name}`)

function refuse(name: string): never {
  throw new UnsupportedError(`makedumpfile ${typed(name)}: ${UNSUPPORTED[name] ?? 'not known'}`)
}

function withMessages(request: MakedumpfileRequest, bit: number): MakedumpfileRequest {
  return { ...request, messageLevel: request.messageLevel | bit }
}

/** Refuse what makedumpfile refuses, and what would not do what was asked. */
function checkTogether(request: MakedumpfileRequest): MakedumpfileRequest {
  const { format, isSplit, isFlattened, mode, vmcoreinfoFile, vmlinux, codec } = request
  if (format === 'elf' && codec !== undefined) throw new UsageError('')
  if (isSplit && (format === 'elf' || isFlattened)) throw new UsageError('')
  if (isFlattened && mode !== 'dump') throw new UsageError('')
  if (vmcoreinfoFile !== undefined && vmlinux !== undefined) throw new UsageError('')
  return request
}

/** Tell inputs from outputs: how many of each there are says whether the line makes sense. */
function withOperands(
  request: MakedumpfileRequest,
  operands: readonly string[],
): MakedumpfileRequest {
  const split = (inputCount: number, outputsMin: number, outputsMax = outputsMin) => {
    const outputs = operands.slice(inputCount)
    if (operands.length < inputCount || outputs.length < outputsMin || outputs.length > outputsMax)
      throw new UsageError('')
    return { ...request, inputs: operands.slice(0, inputCount), outputs }
  }
  switch (request.mode) {
    case 'help':
    case 'version':
      return request
    case 'rearrange':
      return split(0, 1)
    case 'mem-usage':
      return split(1, 0)
    case 'vmcoreinfo':
      if (operands.length > 1) throw new UsageError('')
      return { ...request, inputs: operands }
    case 'reassemble':
      return split(Math.max(2, operands.length - 1), 1)
    case 'dmesg':
      return split(1, 1)
    case 'dump':
      if (request.isFlattened || (request.isDryRun && operands.length === 1)) return split(1, 0)
      if (request.vtop !== undefined && operands.length === 1) return split(1, 0)
      return request.isSplit ? split(1, 2, Infinity) : split(1, 1)
  }
}

/** `31` or `1,17,31`. */
function parseLevels(text: string): number[] {
  return text.split(',').map((part) => {
    const level = Number(part)
    if (!/^\d+$/.test(part) || level > LEVEL_MAX) {
      throw new UsageError(`Dump_level(${part}) is invalid.`)
    }
    return level
  })
}

function parseMessageLevel(text: string): number {
  const level = Number(text)
  if (!/^\d+$/.test(text) || level > MESSAGE_LEVEL_MAX) {
    throw new UsageError(`Message_level(${text}) is invalid.`)
  }
  return level
}

function parsePageOrder(text: string): PageOrder {
  if (text === 'priority' || text === 'pfn') return text
  throw new UsageError(`--page-order is 'priority' or 'pfn', not '${text}'.`)
}

function parseCount(text: string, what: string, min: number, max: number): number {
  const count = Number(text)
  if (!/^\d+$/.test(text) || count < min || count > max) {
    throw new UsageError(`${what}(${text}) is invalid.`)
  }
  return count
}
