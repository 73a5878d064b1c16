// Every error kbox raises on purpose. `code` is never reused or changed once released.
import { formatHex } from './hex.ts'

/** Why an address could not be read. The words reach the user's screen as they are. */
export type FaultReason =
  | 'excluded'
  | 'not-present'
  | 'no-translation'
  | 'out-of-range'
  | 'truncated'
  | 'corrupt'
/** Which kind of address faulted. */
export type AddressSpace = 'virtual' | 'physical'

/** Base of every error that is about the world, not about our code. */
export abstract class KdumpError extends Error {
  abstract readonly code: string
  override get name(): string {
    return this.constructor.name
  }
}

/** A file violates its format. */
export class FormatError extends KdumpError {
  readonly code = 'ERR_FORMAT'
  readonly file: string
  /** File offset in bytes. */
  readonly offset: number
  /** What was being read, and what was expected. */
  readonly what: string
  constructor(file: string, offset: number, what: string, options?: ErrorOptions) {
    super(`${file}: offset ${formatHex(offset)}: ${what}`, options)
    this.file = file
    this.offset = offset
    this.what = what
  }
}

/** Something valid that kbox does not do. */
export class UnsupportedError extends KdumpError {
  readonly code = 'ERR_UNSUPPORTED'
  readonly what: string
  constructor(what: string, options?: ErrorOptions) {
    super(`not supported: ${what}`, options)
    this.what = what
  }
}

const REASON_TEXT: Record<FaultReason, string> = {
  excluded: 'page excluded',
  'not-present': 'page not present',
  'no-translation': 'no translation',
  'out-of-range': 'out of range',
  truncated: 'page lost: dump is truncated',
  corrupt: 'page corrupt',
}

/** An address of the dumped machine could not be read. */
export class FaultError extends KdumpError {
  readonly code = 'ERR_FAULT'
  readonly address: bigint
  readonly space: AddressSpace
  readonly reason: FaultReason
  constructor(address: bigint, space: AddressSpace, reason: FaultReason, options?: ErrorOptions) {
    super(`cannot read ${space} address ${formatHex(address)}: ${REASON_TEXT[reason]}`, options)
    this.address = address
    this.space = space
    this.reason = reason
  }
}

/** Dumped kernel data breaks an invariant (a list that never ends, a count beyond its limit). */
export class CorruptError extends KdumpError {
  readonly code = 'ERR_CORRUPT'
  readonly address: bigint
  readonly what: string
  constructor(address: bigint, what: string, options?: ErrorOptions) {
    super(`corrupt kernel data at ${formatHex(address)}: ${what}`, options)
    this.address = address
    this.what = what
  }
}

/** Two things that a dumped kernel says of itself do not agree, so that neither is to be trusted. */
export class MismatchError extends KdumpError {
  readonly code = 'ERR_MISMATCH'
  readonly what: string
  constructor(what: string, options?: ErrorOptions) {
    super(`dump contradicts itself: ${what}`, options)
    this.what = what
  }
}

/** What sort of thing a name did not lead to. */
export type NotFoundKind =
  | 'symbol'
  | 'type'
  | 'member'
  | 'task'
  | 'file'
  | 'module'
  | 'vmcoreinfo'
  | 'command'

/** A name that the dump (or the file system) does not know. */
export class NotFoundError extends KdumpError {
  readonly code = 'ERR_NOT_FOUND'
  readonly kind: NotFoundKind
  readonly missing: string
  constructor(kind: NotFoundKind, missing: string, options?: ErrorOptions) {
    super(`${kind} not found: ${missing}`, options)
    this.kind = kind
    this.missing = missing
  }
}

/** The person asked for something impossible; exit code 2 (1 under crash's and makedumpfile's names). */
export class UsageError extends KdumpError {
  readonly code = 'ERR_USAGE'
}

/** The machine refused: a system call, a missing file, a full disk. */
export class HostError extends KdumpError {
  readonly code = 'ERR_HOST'
  /** errno's name, such as 'ENOSPC', or '' when there is none. */
  readonly errno: string
  constructor(message: string, errno = '', options?: ErrorOptions) {
    super(message, options)
    this.errno = errno
  }
}

/** Read what may not be there: what the world refuses is undefined, our own bugs are thrown. */
export function attempt<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch (error) {
    if (error instanceof KdumpError) return undefined
    throw error
  }
}
