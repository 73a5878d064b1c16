// The `core_collector makedumpfile …` line: makedumpfile's options as getopt_long reads them, those we act on.

/** Compression of page data, by makedumpfile's options -c -l -p -z; 'none' without any. */
export type CollectorCodec = 'none' | 'zlib' | 'lzo' | 'snappy' | 'zstd'

/** What kdump.conf asks of the dump. */
export interface CoreCollector {
  readonly codec: CollectorCodec
  /** 0–31, to be tried in turn while the target is too small. */
  readonly dumpLevels: readonly number[]
  /** makedumpfile's bit mask of what to print, 0–31. */
  readonly messageLevel: number
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
export const DEFAULT_COLLECTOR: CoreCollector = { codec: 'lzo', dumpLevels: [31], messageLevel: 7 }

// What makedumpfile does when an option is not given.
const MAKEDUMPFILE_DUMP_LEVEL = 0
const MAKEDUMPFILE_MESSAGE_LEVEL = 7

const CODEC_OF: Readonly<Record<string, CollectorCodec>> = {
  c: 'zlib',
  l: 'lzo',
  p: 'snappy',
  z: 'zstd',
}

type LongOption = 'message-level' | 'num-threads' | 'dump-level'
const LONG_OPTIONS: readonly LongOption[] = ['message-level', 'num-threads', 'dump-level']

interface Word {
  readonly text: string
  readonly index: number
}

interface Parse {
  collector: CoreCollector
  readonly warnings: CollectorProblem[]
}

/** Parse the value of core_collector. Never throws. */
export function parseCoreCollector(value: string): CollectorResult {
  const words = splitWords(value)
  const [command, ...args] = words
  if (command?.text.split('/').at(-1) !== 'makedumpfile') {
    const what = 'not supported yet: a core_collector other than makedumpfile'
    return fail(
      command ?? { text: '', index: 0 },
      what,
      "write 'core_collector makedumpfile -l --message-level 7 -d 31'",
    )
  }
  const parse: Parse = {
    collector: {
      codec: 'none',
      dumpLevels: [MAKEDUMPFILE_DUMP_LEVEL],
      messageLevel: MAKEDUMPFILE_MESSAGE_LEVEL,
    },
    warnings: [],
  }
  for (let i = 0; i < args.length; i++) {
    const word = args[i] as Word
    if (word.text === '--') {
      const extra = args[i + 1]
      return extra
        ? fail(extra, 'not an option', 'kbox adds the file names itself: remove it')
        : done(parse)
    }
    if (!word.text.startsWith('-') || word.text === '-') {
      return fail(word, 'not an option', 'kbox adds the file names itself: remove it')
    }
    const result = word.text.startsWith('--')
      ? parseLong(parse, word, args[i + 1])
      : parseShort(parse, word, args[i + 1])
    if (typeof result !== 'number') return result
    i += result
  }
  return done(parse)
}

function done(parse: Parse): CollectorResult {
  return { ok: true, collector: parse.collector, warnings: parse.warnings }
}

/** Parse a cluster such as `-cd31`; returns how many following words it took. */
function parseShort(parse: Parse, word: Word, next: Word | undefined): number | CollectorResult {
  for (let at = 1; at < word.text.length; at++) {
    const letter = word.text.charAt(at)
    const codec = CODEC_OF[letter]
    // Point at the dash of an option that stands alone, at the letter in a cluster.
    const index = word.index + (at === 1 ? 0 : at)
    if (codec) {
      parse.collector = { ...parse.collector, codec }
    } else if (letter === 'F') {
      parse.warnings.push(flatIgnored({ text: '-F', index }))
    } else if (letter === 'd') {
      const inline = word.text.slice(at + 1)
      const argument = inline === '' ? next : { text: inline, index: word.index + at + 1 }
      return setDumpLevel(parse, word, argument) ?? (inline === '' ? 1 : 0)
    } else {
      return fail(
        { text: `-${letter}`, index },
        `not supported yet: makedumpfile -${letter}`,
        KNOWN,
      )
    }
  }
  return 0
}

/** Parse `--name value` or `--name=value`, the name possibly abbreviated; returns how many following words it took. */
function parseLong(parse: Parse, word: Word, next: Word | undefined): number | CollectorResult {
  const equals = word.text.indexOf('=')
  const name = word.text.slice(2, equals < 0 ? undefined : equals)
  const found = LONG_OPTIONS.filter((option) => option.startsWith(name))
  const [option] = found
  if (found.length !== 1 || option === undefined || name === '') {
    return fail(word, `not supported yet: makedumpfile --${name}`, KNOWN)
  }
  const argument =
    equals < 0 ? next : { text: word.text.slice(equals + 1), index: word.index + equals + 1 }
  const taken = equals < 0 ? 1 : 0
  switch (option) {
    case 'dump-level':
      return setDumpLevel(parse, word, argument) ?? taken
    case 'message-level': {
      const level = parseNumber(argument)
      if (level === undefined || level > 31) return needsNumber(word, argument, '0 to 31')
      parse.collector = { ...parse.collector, messageLevel: level }
      return taken
    }
    case 'num-threads':
      if (parseNumber(argument) === undefined) return needsNumber(word, argument, '0 or more')
      return taken
  }
}

const KNOWN = 'use -c, -l, -p or -z, -d N and --message-level N, or remove it'

function setDumpLevel(
  parse: Parse,
  word: Word,
  argument: Word | undefined,
): CollectorResult | undefined {
  const dumpLevels: number[] = []
  for (const part of splitList(argument)) {
    const level = parseNumber(part)
    if (level === undefined || level > 31) return needsNumber(word, part, '0 to 31')
    dumpLevels.push(level)
  }
  parse.collector = { ...parse.collector, dumpLevels }
  return undefined
}

function needsNumber(word: Word, argument: Word | undefined, range: string): CollectorResult {
  return fail(
    argument ?? word,
    `${word.text.split('=')[0]} needs a number`,
    `write a number of ${range}`,
  )
}

function flatIgnored(word: Word): CollectorProblem {
  const what = 'a flattened dump is for ssh and raw targets: -F is ignored here'
  return { index: word.index, value: word.text, what, remedy: 'remove -F' }
}

/** The parts of `1,31`, each with its place. */
function splitList(word: Word | undefined): (Word | undefined)[] {
  if (!word) return [undefined]
  let index = word.index
  return word.text.split(',').map((text) => {
    const part = { text, index }
    index += text.length + 1
    return part
  })
}

function parseNumber(word: Word | undefined): number | undefined {
  return word && /^\d{1,9}$/.test(word.text) ? Number(word.text) : undefined
}

function splitWords(value: string): Word[] {
  return Array.from(value.matchAll(/\S+/g), (match) => ({ text: match[0], index: match.index }))
}

function fail(word: Word, what: string, remedy: string): CollectorResult {
  return { ok: false, problem: { index: word.index, value: word.text, what, remedy } }
}
