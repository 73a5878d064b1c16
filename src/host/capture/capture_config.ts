// What `kbox start` tells the capture kernel: one JSON file in the initramfs. Written by control/, read here.
import { FormatError } from '../../core/base/errors.ts'
import type { CodecName } from '../../core/codec/codec.ts'

/** What to do when the dump fails. */
export type FailureAction = 'reboot' | 'halt' | 'poweroff' | 'shell' | 'dump_to_rootfs'
/** What to do at the end. */
export type FinalAction = 'reboot' | 'halt' | 'poweroff'

/** A local file system that takes dumps. */
export interface CaptureTarget {
  readonly fstype: string
  /** The device is found by its file system's UUID, else by its node. Names change between kernels; UUIDs do not. */
  readonly uuid: string
  readonly node: string
  /** Mount options of the file system's own, such as `subvolid=5`. */
  readonly options: string
  /** Directory of the dumps, from the top of the file system. */
  readonly directory: string
}

/** Everything the recorder must know. */
export interface CaptureConfig {
  readonly version: 1
  readonly target: CaptureTarget
  /** Where `dump_to_rootfs` goes; absent for other failure actions. */
  readonly rootfs?: CaptureTarget
  readonly failureAction: FailureAction
  readonly finalAction: FinalAction
  readonly codec: CodecName | 'none'
  /** Dump levels to try in turn while the target is too small; what fits of the last one is kept. */
  readonly dumpLevels: readonly number[]
  readonly pageOrder: 'priority' | 'pfn'
  /** How long the target's device may take to appear. */
  readonly deviceTimeoutMs: number
  /** The machine is left when no byte was written for so long. */
  readonly stallTimeoutMs: number
  /** The machine is left after so long in any case. */
  readonly overallTimeoutMs: number
  /** IANA name of the machine's time zone, for the directory's name. */
  readonly timeZone: string
  /** Release of the kernel that was armed. */
  readonly release: string
}

/**
 * Parse the JSON of the initramfs.
 *
 * @throws {FormatError} naming the member that is missing or of the wrong kind
 */
export function parseCaptureConfig(file: string, text: string): CaptureConfig {
  let data: unknown
  try {
    data = JSON.parse(text)
  } catch (cause) {
    throw new FormatError(file, 0, 'not JSON', { cause })
  }
  const read = new Members(file, '', data)
  if (read.number('version') !== 1) throw new FormatError(file, 0, 'version is not 1')
  return {
    version: 1,
    target: parseTarget(read.object('target')),
    ...(read.has('rootfs') ? { rootfs: parseTarget(read.object('rootfs')) } : {}),
    failureAction: read.oneOf('failureAction', [
      'reboot',
      'halt',
      'poweroff',
      'shell',
      'dump_to_rootfs',
    ]),
    finalAction: read.oneOf('finalAction', ['reboot', 'halt', 'poweroff']),
    codec: read.oneOf('codec', ['none', 'zlib', 'lzo', 'snappy', 'zstd']),
    dumpLevels: read.numbers('dumpLevels'),
    pageOrder: read.oneOf('pageOrder', ['priority', 'pfn']),
    deviceTimeoutMs: read.number('deviceTimeoutMs'),
    stallTimeoutMs: read.number('stallTimeoutMs'),
    overallTimeoutMs: read.number('overallTimeoutMs'),
    timeZone: read.string('timeZone'),
    release: read.string('release'),
  }
}

function parseTarget(read: Members): CaptureTarget {
  return {
    fstype: read.string('fstype'),
    uuid: read.string('uuid'),
    node: read.string('node'),
    options: read.string('options'),
    directory: read.string('directory'),
  }
}

/** Typed reads of a JSON object's members. */
class Members {
  readonly #file: string
  readonly #path: string
  readonly #members: ReadonlyMap<string, unknown>

  constructor(file: string, path: string, data: unknown) {
    if (typeof data !== 'object' || data === null)
      throw new FormatError(file, 0, `${path || 'top'} is not an object`)
    this.#file = file
    this.#path = path
    this.#members = new Map(Object.entries(data))
  }

  has(name: string): boolean {
    return this.#members.has(name)
  }

  string(name: string): string {
    const value = this.#members.get(name)
    if (typeof value !== 'string') throw this.#wrong(name, 'a string')
    return value
  }

  number(name: string): number {
    const value = this.#members.get(name)
    if (typeof value !== 'number' || !Number.isFinite(value)) throw this.#wrong(name, 'a number')
    return value
  }

  /** At least one. */
  numbers(name: string): number[] {
    const value = this.#members.get(name)
    const isList = Array.isArray(value) && value.length > 0
    const numbers = isList ? value.filter((item) => typeof item === 'number') : []
    if (!isList || numbers.length !== value.length) throw this.#wrong(name, 'a list of numbers')
    return numbers
  }

  oneOf<T extends string>(name: string, values: readonly T[]): T {
    const value = this.#members.get(name)
    const found = values.find((candidate) => candidate === value)
    if (found === undefined) throw this.#wrong(name, `one of ${values.join(', ')}`)
    return found
  }

  object(name: string): Members {
    return new Members(this.#file, `${this.#path}${name}.`, this.#members.get(name))
  }

  #wrong(name: string, expected: string): FormatError {
    return new FormatError(this.#file, 0, `${this.#path}${name} is not ${expected}`)
  }
}
