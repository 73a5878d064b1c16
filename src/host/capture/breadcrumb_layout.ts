// The breadcrumb file: 4 MiB of blocks that each begin with the file's nonce, so that whoever writes to them past the file
// system can see before each write that the block is still his. Described in docs/formats/breadcrumbs.md.
import { FormatError } from '../../core/base/errors.ts'
import { decodeCString } from '../../core/base/text.ts'
import { Members } from '../platform/members.ts'
import { unpackText } from '../platform/packed_text.ts'

/** Written at a time; no disk has larger sectors. */
export const CRUMB_BLOCK_SIZE = 4096
/** Bytes of a block that begin it. */
const HEAD_SIZE = 64
/** Bytes of a block that are ours to fill. */
export const CRUMB_PAYLOAD_SIZE = CRUMB_BLOCK_SIZE - HEAD_SIZE
/** Of the whole file. */
export const CRUMB_FILE_SIZE = 4 << 20

/** A run of blocks. */
export interface CrumbArea {
  readonly firstBlock: number
  readonly blockCount: number
}

/** What lies where. The shell of /init has a block a line. */
export const CRUMB_AREAS = {
  header: { firstBlock: 0, blockCount: 1 },
  shell: { firstBlock: 1, blockCount: 7 },
  steps: { firstBlock: 8, blockCount: 120 },
  logHeader: { firstBlock: 128, blockCount: 1 },
  log: { firstBlock: 129, blockCount: 895 },
} as const satisfies Record<string, CrumbArea>

/** Is a capture kernel loaded that would write here? */
export type CrumbState = 'armed' | 'disarmed'

/** The first block, as JSON. */
export interface CrumbHeader {
  readonly version: 1
  readonly state: CrumbState
  /** Kernel that was armed, when, and in which boot (/proc/sys/kernel/random/boot_id). */
  readonly release: string
  readonly changedAt: string
  readonly bootId: string
}

/** One line of the recorder's own. */
export type Crumb =
  /** It began, for the first time or again. */
  | { readonly crumb: 'capture'; readonly release: string; readonly date: string }
  | { readonly crumb: 'target'; readonly target: string }
  | { readonly crumb: 'begin'; readonly step: string; readonly atMs: number }
  | {
      readonly crumb: 'end'
      readonly step: string
      readonly ms: number
      /** '' when it went well. */
      readonly error: string
      readonly memAvailableMinBytes: number
    }
  /** What the target calls the folder of this crash. */
  | { readonly crumb: 'directory'; readonly directory: string }
  | { readonly crumb: 'saved'; readonly complete: boolean }
  | { readonly crumb: 'leave'; readonly action: string }

/** A breadcrumb file, read. */
export interface CrumbFile {
  readonly nonce: string
  readonly header: CrumbHeader
  /** Lines of /init's shell: a time of date +%s, and text. */
  readonly shell: readonly { readonly date: string; readonly text: string }[]
  readonly crumbs: readonly Crumb[]
  /** The log of the kernel that died, undefined where it was saved elsewhere. */
  readonly log: { readonly text: Uint8Array; readonly cutBytes: number } | undefined
}

/** Where the log's bytes end. */
export interface CrumbLogHeader {
  readonly packedBytes: number
  readonly cutBytes: number
}

const NONCE = /^[0-9a-f]{32}$/

/** The first line of each block; the shell compares it. */
export function crumbMark(nonce: string): string {
  return `kbox breadcrumb ${nonce}`
}

/** Make a block. @param payload of CRUMB_PAYLOAD_SIZE bytes at most */
export function encodeCrumbBlock(nonce: string, payload: Uint8Array): Uint8Array {
  const block = new Uint8Array(CRUMB_BLOCK_SIZE)
  block.set(Buffer.from(`${crumbMark(nonce)}\n`))
  block.set(payload, HEAD_SIZE)
  return block
}

/** Does a block belong to the file with this nonce? */
export function isCrumbBlock(block: Uint8Array, nonce: string): boolean {
  const mark = Buffer.from(`${crumbMark(nonce)}\n`)
  return Buffer.compare(block.subarray(0, mark.length), mark) === 0
}

/** Make a whole file with nothing but a header in it. */
export function encodeCrumbFile(nonce: string, header: CrumbHeader): Uint8Array {
  const file = new Uint8Array(CRUMB_FILE_SIZE)
  const empty = encodeCrumbBlock(nonce, new Uint8Array())
  for (let at = CRUMB_BLOCK_SIZE; at < file.length; at += CRUMB_BLOCK_SIZE) file.set(empty, at)
  file.set(encodeCrumbHeader(nonce, header))
  return file
}

/** Make the first block. */
export function encodeCrumbHeader(nonce: string, header: CrumbHeader): Uint8Array {
  return encodeCrumbBlock(nonce, Buffer.from(`${JSON.stringify(header)}\n`))
}

/**
 * Read a breadcrumb file.
 *
 * @throws {FormatError} if it is not one; a line or a log that was not finished is left out
 */
export function parseCrumbFile(name: string, file: Uint8Array): CrumbFile {
  const [, nonce = ''] = /^kbox breadcrumb ([0-9a-f]{32})$/.exec(firstLine(file)) ?? []
  if (!NONCE.test(nonce)) throw new FormatError(name, 0, 'not a breadcrumb file')
  if (file.length < CRUMB_FILE_SIZE)
    throw new FormatError(name, file.length, `ends before ${CRUMB_FILE_SIZE} bytes`)
  return {
    nonce,
    header: parseHeader(name, readArea(file, nonce, CRUMB_AREAS.header)),
    shell: parseShell(file, nonce),
    crumbs: parseCrumbs(decodeCString(readArea(file, nonce, CRUMB_AREAS.steps))),
    log: parseLog(file, nonce),
  }
}

/** Read the recorder's lines; those that are none are left out. */
export function parseCrumbs(text: string): Crumb[] {
  return text.split('\n').flatMap((line) => {
    try {
      return line === '' ? [] : [parseCrumb(Members.parse('', line))]
    } catch (error) {
      // The block was half written, or a later kbox knows more.
      if (error instanceof FormatError) return []
      throw error
    }
  })
}

/** The payload of blocks, up to the first that is not the file's. */
export function readArea(file: Uint8Array, nonce: string, area: CrumbArea): Uint8Array {
  const payloads: Uint8Array[] = []
  for (let i = 0; i < area.blockCount; i++) {
    const at = (area.firstBlock + i) * CRUMB_BLOCK_SIZE
    const block = file.subarray(at, at + CRUMB_BLOCK_SIZE)
    if (!isCrumbBlock(block, nonce)) break
    payloads.push(block.subarray(HEAD_SIZE))
  }
  return Buffer.concat(payloads)
}

function parseHeader(name: string, payload: Uint8Array): CrumbHeader {
  const read = Members.parse(name, decodeCString(payload))
  return {
    version: 1,
    state: read.oneOf('state', ['armed', 'disarmed']),
    release: read.string('release'),
    changedAt: read.string('changedAt'),
    bootId: read.string('bootId'),
  }
}

function parseShell(file: Uint8Array, nonce: string): CrumbFile['shell'] {
  const { firstBlock, blockCount } = CRUMB_AREAS.shell
  return Array.from({ length: blockCount }, (_, i) => {
    return firstLine(readArea(file, nonce, { firstBlock: firstBlock + i, blockCount: 1 }))
  }).flatMap((line) => {
    const [, seconds, text] = /^(\d{1,12}) (.+)$/.exec(line) ?? []
    return text === undefined ? [] : [{ date: isoDate(Number(seconds)), text }]
  })
}

function parseCrumb(read: Members): Crumb {
  const crumb = read.oneOf('crumb', [
    ...(['capture', 'target', 'begin', 'end'] as const),
    ...(['directory', 'saved', 'leave'] as const),
  ])
  switch (crumb) {
    case 'capture':
      return { crumb, release: read.string('release'), date: read.string('date') }
    case 'target':
      return { crumb, target: read.string('target') }
    case 'begin':
      return { crumb, step: read.string('step'), atMs: read.number('atMs') }
    case 'end':
      return {
        crumb,
        step: read.string('step'),
        ms: read.number('ms'),
        error: read.string('error'),
        memAvailableMinBytes: read.number('memAvailableMinBytes'),
      }
    case 'directory':
      return { crumb, directory: read.string('directory') }
    case 'saved':
      return { crumb, complete: read.boolean('complete') }
    case 'leave':
      return { crumb, action: read.string('action') }
  }
}

function parseLog(file: Uint8Array, nonce: string): CrumbFile['log'] {
  try {
    const header = decodeCString(readArea(file, nonce, CRUMB_AREAS.logHeader))
    if (header === '') return undefined
    const read = Members.parse('', header)
    const packed = readArea(file, nonce, CRUMB_AREAS.log).subarray(0, read.number('packedBytes'))
    return { text: unpackText(packed), cutBytes: read.number('cutBytes') }
  } catch {
    // Half written; the header is written last, so this is a disk that lies.
    return undefined
  }
}

function firstLine(bytes: Uint8Array): string {
  return decodeCString(bytes.subarray(0, 512)).split('\n')[0] ?? ''
}

function isoDate(seconds: number): string {
  return new Date(seconds * 1000).toISOString()
}
