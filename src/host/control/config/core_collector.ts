// The `core_collector …` line: makedumpfile's options by the very table `kbox makedumpfile` has, those that make sense in
// a capture kernel; and the copying programs that kdump.conf(5) allows instead.
// Source: kdump.conf(5), makedumpfile(8); kdump-lib-initramfs.sh for what becomes of -F.
import { KdumpError } from '../../../core/base/errors.ts'
import type { CodecName } from '../../../core/codec/codec.ts'
import {
  type MakedumpfileRequest,
  ML_PROGRESS,
  parseMakedumpfileFlags,
} from '../../capture/makedumpfile_options.ts'
import type { PageOrder } from '../../capture/page_order.ts'

/** Compression of page data, by makedumpfile's options -c -l -p -z; 'none' without any. */
export type CollectorCodec = CodecName | 'none'

/** What kdump.conf asks of the dump. */
export interface CoreCollector {
  readonly codec: CollectorCodec
  /** `elf` by -E. */
  readonly format: 'kdump' | 'elf'
  /** 0–31, to be tried in turn while the target is too small. */
  readonly dumpLevels: readonly number[]
  /** makedumpfile's bit mask of what to print, 0–31; we act on bit 1, progress. */
  readonly messageLevel: number
  readonly pageOrder: PageOrder
  /** Threads that compress; undefined leaves it to the recorder. */
  readonly threads: number | undefined
  /** -F was written: an ssh target gets `vmcore.flat`. */
  readonly isFlattened: boolean
}

/** Where in the value something is wrong; `index` counts characters from 0. */
export interface CollectorProblem {
  readonly index: number
  readonly value: string
  readonly what: string
  readonly remedy: string
}

/** A collector, or the first thing that is wrong with the line. */
export type CollectorResult =
  | {
      readonly ok: true
      readonly collector: CoreCollector
      readonly warnings: readonly CollectorProblem[]
    }
  | { readonly ok: false; readonly problem: CollectorProblem }

/** kdumpctl's collector when kdump.conf names none: `makedumpfile -l --message-level 7 -d 31`. */
export const DEFAULT_COLLECTOR: CoreCollector = {
  codec: 'lzo',
  format: 'kdump',
  dumpLevels: [31],
  messageLevel: 7,
  pageOrder: 'priority',
  threads: undefined,
  isFlattened: false,
}

/** What makedumpfile does without options, and what a plain copy is. */
const UNFILTERED: CoreCollector = { ...DEFAULT_COLLECTOR, codec: 'none', dumpLevels: [0] }

/** Programs that copy all of memory. */
const COPIERS: ReadonlySet<string> = new Set(['cp', 'scp', 'dd', 'cat'])

/** What makes no sense in a capture kernel, and why. */
const REFUSED: Readonly<Partial<Record<keyof MakedumpfileRequest, string>>> = {
  isSplit: '--split: a target takes one dump',
  splitblockKib: '--splitblock-size: a target takes one dump',
  sizeLimit: '-L: the dump takes the room there is; what does not fit is the least important',
  eraseConfig:
    '--config: the rules need the types of the kernel, for which a capture kernel has no room; ' +
    "erase afterwards with 'kbox makedumpfile --config FILE vmcore erased'",
  vmcoreinfoFile: '-i: the kernel that crashed says itself how it is laid out',
  vmlinux: '-x: the kernel that crashed says itself how it is laid out',
  vtop: '--vtop: nobody reads it there',
  isPartialDmesg: '--partial-dmesg: the whole log is saved before the dump',
  isDryRun: '--dry-run: no dump would be written',
  checkOnly: '--check-params: no dump would be written',
}

interface Word {
  readonly text: string
  readonly index: number
}

/** Parse the value of core_collector. Never throws. */
export function parseCoreCollector(value: string): CollectorResult {
  const words = splitWords(value)
  const [command = { text: '', index: 0 }, ...args] = words
  const program = command.text.split('/').at(-1) ?? ''
  if (COPIERS.has(program)) return copier(command, program)
  if (program !== 'makedumpfile') {
    const what = `'${program}' is no collector: kbox writes the dump itself, as makedumpfile, cp, scp or dd would`
    return fail(command, what, "write 'core_collector makedumpfile -l --message-level 7 -d 31'")
  }
  const parsed = parseFlags(args)
  if ('problem' in parsed) return { ok: false, problem: parsed.problem }
  const { request } = parsed
  const refused = findRefused(request, args)
  if (refused) return { ok: false, problem: refused }
  return { ok: true, collector: collectorOf(request), warnings: findIgnored(request, args) }
}

/** Format a collector as makedumpfile's command line. */
export function formatCoreCollector(collector: CoreCollector): string {
  const { codec, format, dumpLevels, messageLevel, pageOrder, threads, isFlattened } = collector
  return [
    'makedumpfile',
    ...(isFlattened ? ['-F'] : []),
    ...(format === 'elf' ? ['-E'] : []),
    ...(codec === 'none' ? [] : [LETTER[codec] ?? '']),
    `--message-level ${messageLevel}`,
    `-d ${dumpLevels.join(',')}`,
    ...(pageOrder === 'priority' ? [] : [`--page-order ${pageOrder}`]),
    ...(threads === undefined ? [] : [`--num-threads ${threads}`]),
  ].join(' ')
}

/** Should the recorder print how far the dump is? */
export function printsProgress({ messageLevel }: CoreCollector): boolean {
  return (messageLevel & ML_PROGRESS) !== 0
}

const LETTER: Readonly<Record<string, string>> = { zlib: '-c', lzo: '-l', snappy: '-p', zstd: '-z' }

function copier(command: Word, program: string): CollectorResult {
  const what = `${program} copies all of memory, unfiltered: kbox writes a dump of level 0, not compressed`
  const remedy = "the disk must hold all RAM; 'core_collector makedumpfile -l -d 31' is far smaller"
  const warning = { index: command.index, value: command.text, what, remedy }
  return { ok: true, collector: UNFILTERED, warnings: [warning] }
}

function parseFlags(
  args: readonly Word[],
): { readonly request: MakedumpfileRequest } | { readonly problem: CollectorProblem } {
  const parsed = attemptFlags(args)
  if (typeof parsed === 'string') return { problem: placeProblem(args, parsed) }
  const [operand] = parsed.operands
  if (operand === undefined) return parsed
  const word = args.find(({ text }) => text === operand) ?? { text: operand, index: 0 }
  return {
    problem: problemAt(word, 'not an option', 'kbox adds the file names itself: remove it'),
  }
}

/** What makedumpfile makes of some words, or what it says of them. */
function attemptFlags(args: readonly Word[]): ReturnType<typeof parseMakedumpfileFlags> | string {
  try {
    return parseMakedumpfileFlags(args.map(({ text }) => text))
  } catch (error) {
    if (!(error instanceof KdumpError)) throw error
    return error.message === '' ? 'makedumpfile refuses this combination of options' : error.message
  }
}

/** The word that makes makedumpfile say so is the last of the shortest line of which it says the same. */
function placeProblem(args: readonly Word[], message: string): CollectorProblem {
  const count = args.findIndex((_, index) => attemptFlags(args.slice(0, index + 1)) === message)
  const word = args[count] ?? { text: '', index: 0 }
  return problemAt(word, message, KNOWN)
}

const KNOWN = 'use -c, -l, -p or -z, -d N and --message-level N, or remove it'

function findRefused(
  request: MakedumpfileRequest,
  args: readonly Word[],
): CollectorProblem | undefined {
  if (request.mode !== 'dump')
    return placeByRequest(args, ({ mode }) => mode !== 'dump', 'it would not write a dump')
  for (const key of Object.keys(REFUSED) as (keyof MakedumpfileRequest)[]) {
    const value = request[key]
    if (value === undefined || value === false) continue
    const isSet = (part: MakedumpfileRequest): boolean => part[key] === value
    return placeByRequest(args, isSet, REFUSED[key] ?? '')
  }
  return undefined
}

function placeByRequest(
  args: readonly Word[],
  isSet: (request: MakedumpfileRequest) => boolean,
  why: string,
): CollectorProblem {
  const count = args.findIndex((_, index) => {
    const parsed = attemptFlags(args.slice(0, index + 1))
    return typeof parsed !== 'string' && isSet(parsed.request)
  })
  const word = args[count] ?? { text: '', index: 0 }
  return problemAt(word, `makedumpfile ${why}`, 'remove it')
}

function findIgnored(request: MakedumpfileRequest, args: readonly Word[]): CollectorProblem[] {
  return request.ignored.map((option) => {
    const word = args.find(({ text }) => text.startsWith(option)) ?? { text: option, index: 0 }
    return problemAt(word, `${option} has no effect`, 'remove it')
  })
}

function collectorOf(request: MakedumpfileRequest): CoreCollector {
  const { codec, format, levels, messageLevel, pageOrder, threads, isFlattened } = request
  return {
    codec: codec === undefined ? 'none' : codec,
    format,
    dumpLevels: levels,
    messageLevel,
    pageOrder,
    threads,
    isFlattened,
  }
}

function splitWords(value: string): Word[] {
  return Array.from(value.matchAll(/\S+/g), (match) => ({ text: match[0], index: match.index }))
}

function problemAt(word: Word, what: string, remedy: string): CollectorProblem {
  return { index: word.index, value: word.text, what, remedy }
}

function fail(word: Word, what: string, remedy: string): CollectorResult {
  return { ok: false, problem: problemAt(word, what, remedy) }
}
