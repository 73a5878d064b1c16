// The command line of makedumpfile(8), as far as kbox does it: which options exist, which we act on, which change
// nothing here. Source: makedumpfile(8), makedumpfile.c main().
import { UsageError, UnsupportedError } from '../core/base/errors.ts'
import { type ArgumentKind, type GetoptOption, parseGetopt } from '../core/base/getopt.ts'
import type { CodecName } from '../core/codec/codec.ts'
import type { PageOrder } from '../host/capture/page_order.ts'

const LEVEL_MAX = 31
/** Bits of --message-level. */
export const ML_PROGRESS = 1
export const ML_COMMON = 2
export const ML_ERROR = 4
export const ML_DEBUG = 8
export const ML_REPORT = 16
const MESSAGE_LEVEL_MAX = 31

/** What a command line asks for. */
export interface MakedumpfileRequest {
  readonly vmcore: string
  readonly dumpfile: string
  /** Dump levels to try in turn while the target is too small. */
  readonly levels: readonly number[]
  readonly codec: CodecName | undefined
  readonly overwrite: boolean
  readonly pageOrder: PageOrder
  readonly messageLevel: number
  /** False after --non-mmap. */
  readonly useMmap: boolean
  /** Do nothing but check the command line. */
  readonly checkOnly: boolean
  readonly show: 'help' | 'version' | undefined
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

/** What other dumps need and ours never did, or speed options of another program. */
const IGNORED: readonly GetoptOption[] = [
  { name: 'num-threads', long: 'num-threads', argument: 'required' },
  { name: 'cyclic-buffer', long: 'cyclic-buffer', argument: 'required' },
  { name: 'work-dir', long: 'work-dir', argument: 'required' },
  { name: 'b', letter: 'b', long: 'block-order', argument: 'required' },
  letter('x', 'required'),
  letter('i', 'required'),
]

/** Valid options of makedumpfile that are not done yet. */
const UNSUPPORTED: readonly GetoptOption[] = [
  letter('E'),
  letter('F'),
  letter('R'),
  letter('X'),
  letter('e'),
  letter('L', 'required'),
  letter('g', 'required'),
  long('split'),
  long('splitblock-size', 'required'),
  long('reassemble'),
  long('xen-syms', 'required'),
  long('xen-vmcoreinfo', 'required'),
  long('xen_phys_start', 'required'),
  long('vtop', 'required'),
  long('dump-dmesg'),
  long('partial-dmesg'),
  long('mem-usage'),
  long('diskset', 'required'),
  long('config', 'required'),
  long('eppic', 'required'),
  long('extension', 'required'),
  long('dry-run'),
]

const OPTIONS: readonly GetoptOption[] = [
  letter('c'),
  letter('l'),
  letter('p'),
  letter('z'),
  letter('f'),
  letter('D'),
  { name: 'd', letter: 'd', long: 'dump-level', argument: 'required' },
  { name: 'help', letter: 'h', long: 'help', argument: 'none' },
  { name: 'version', letter: 'v', argument: 'none' },
  long('message-level', 'required'),
  long('show-stats'),
  long('check-params'),
  long('non-mmap'),
  long('page-order', 'required'),
  ...IGNORED,
  ...UNSUPPORTED,
]

/**
 * Parse makedumpfile's arguments.
 *
 * @throws {UsageError} with the message getopt or makedumpfile has for it, '' where makedumpfile has none of its own
 * @throws {UnsupportedError} for an option that is not done yet
 */
export function parseMakedumpfileOptions(argv: readonly string[]): MakedumpfileRequest {
  const { options, operands } = parseGetopt(argv, OPTIONS)
  let request: MakedumpfileRequest = {
    vmcore: operands[0] ?? '',
    dumpfile: operands[1] ?? '',
    levels: [0],
    codec: undefined,
    overwrite: false,
    pageOrder: 'priority',
    messageLevel: ML_PROGRESS | ML_COMMON | ML_ERROR,
    useMmap: true,
    checkOnly: false,
    show: undefined,
    ignored: [],
  }
  for (const { name, argument } of options) request = applyOption(request, name, argument)
  if (request.show === undefined && operands.length !== 2) throw new UsageError('')
  return request
}

function applyOption(
  request: MakedumpfileRequest,
  name: string,
  argument: string,
): MakedumpfileRequest {
  switch (name) {
    case 'c':
    case 'l':
    case 'p':
    case 'z':
      return { ...request, codec: CODEC_OF_LETTER[name] }
    case 'd':
      return { ...request, levels: parseLevels(argument) }
    case 'f':
      return { ...request, overwrite: true }
    case 'D':
      return { ...request, messageLevel: request.messageLevel | ML_DEBUG }
    case 'show-stats':
      return { ...request, messageLevel: request.messageLevel | ML_REPORT }
    case 'message-level':
      return { ...request, messageLevel: parseMessageLevel(argument) }
    case 'page-order':
      return { ...request, pageOrder: parsePageOrder(argument) }
    case 'non-mmap':
      return { ...request, useMmap: false }
    case 'check-params':
      return { ...request, checkOnly: true }
    case 'help':
    case 'version':
      return { ...request, show: name }
    default:
      return applyOther(request, name)
  }
}

function applyOther(request: MakedumpfileRequest, name: string): MakedumpfileRequest {
  const typed = name.length === 1 ? `-${name}` : `--${name}`
  if (UNSUPPORTED.some((option) => option.name === name)) {
    throw new UnsupportedError(`makedumpfile ${typed}`)
  }
  return { ...request, ignored: [...request.ignored, typed] }
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
