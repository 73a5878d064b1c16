// Who did what with a dump: one line of JSON each, flushed, appended only, and chained: each line has its own SHA-256 and that
// of the one before, so that a line that is changed, cut out or put in shows. What is cut off at the end shows only to whoever noted
// the last hash elsewhere. docs/evidence.md describes the format.
import { createHash } from 'node:crypto'
import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  openSync,
  readSync,
  realpathSync,
  writeSync,
} from 'node:fs'
import path from 'node:path'
import { HostError } from '../../../core/base/errors.ts'
import { readFact } from '../../platform/fact_tree.ts'
import { errnoOf } from '../../platform/file_error.ts'
import { tryLockFile } from '../../platform/syscalls.ts'

/** What was done. */
export interface AccessEvent {
  readonly action: 'open' | 'export' | 'verify' | 'sign' | 'pin' | 'unpin' | 'remove'
  /** Verb of kbox. */
  readonly verb: string
  readonly dump: string
  /** SHA-256 of its manifest, '' where there is none. */
  readonly manifest: string
  /** `ok`, or why it was not done. */
  readonly result: string
}

/** Who did it. */
export interface Actor {
  readonly uid: number
  /** Who logged in, whoever they became since; undefined where the kernel does not know. */
  readonly loginUid: number | undefined
  /** Who called sudo; '' if nobody did. */
  readonly sudoUser: string
  /** Terminal, '' without one. */
  readonly tty: string
  readonly pid: number
}

/** One line. */
export interface AccessRecord extends AccessEvent {
  readonly version: 1
  readonly at: string
  readonly who: Actor
  /** Hash of the line before; zeros for the first. */
  readonly previous: string
}

/** What comes before the first line. */
export const NO_HASH = '0'.repeat(64)

/** Longer is no line of ours. */
const LINE_MAX = 64 * 1024
const LOCK_TIMEOUT_MS = 5000
const LOCK_POLL_MS = 10
/** (uid_t)-1: nobody logged in. Source: audit_set_loginuid(). */
const NO_LOGIN = 4_294_967_295

/** A record, and behind its last member its hash. */
const LINE = /^(\{.*),"hash":"([0-9a-f]{64})"\}$/s

/** Is a line, without its end, as it was written? */
export function isLineIntact(line: string): boolean {
  const [, record = '', hash] = LINE.exec(line) ?? []
  return hash !== undefined && hashText(`${record}}`) === hash
}

/** The hash that the next line has of a line; of one that is none of ours, that of its text. */
export function hashOfLine(line: string): string {
  return LINE.exec(line)?.[2] ?? hashText(line)
}

function hashText(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

function formatLine(record: AccessRecord): string {
  const text = JSON.stringify(record)
  return `${text.slice(0, -1)},"hash":"${hashText(text)}"}`
}

/** Append an event, durably. @throws {HostError} if that fails */
export function appendAccess(file: string, event: AccessEvent, date = new Date()): void {
  const fd = openLog(file)
  try {
    lockLog(fd, file)
    const { hash, isCut } = readLastLine(fd)
    const record: AccessRecord = {
      version: 1,
      at: date.toISOString(),
      ...event,
      who: readActor(),
      previous: hash,
    }
    // A line that a power failure cut ends here, and is not continued.
    const line = Buffer.from(`${isCut ? '\n' : ''}${formatLine(record)}\n`)
    if (writeSync(fd, line) !== line.length) throw new HostError(`${file}: no space`, 'ENOSPC')
    fsyncSync(fd)
  } catch (cause) {
    if (cause instanceof HostError) throw cause
    throw new HostError(`${file}: cannot be written: ${errnoOf(cause)}`, errnoOf(cause), { cause })
  } finally {
    closeSync(fd)
  }
}

function openLog(file: string): number {
  const { O_APPEND, O_CREAT, O_NOFOLLOW, O_RDWR } = constants
  let fd: number
  try {
    fd = openSync(file, O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW, 0o600)
  } catch (cause) {
    throw new HostError(`${file}: cannot be opened: ${errnoOf(cause)}`, errnoOf(cause), { cause })
  }
  if (fstatSync(fd).isFile()) return fd
  closeSync(fd)
  throw new HostError(`${path.resolve(file)}: not a regular file`, 'EINVAL')
}

function lockLog(fd: number, file: string): void {
  const pause = new Int32Array(new SharedArrayBuffer(4))
  for (let waitedMs = 0; !tryLockFile(fd); waitedMs += LOCK_POLL_MS) {
    if (waitedMs >= LOCK_TIMEOUT_MS)
      throw new HostError(`${file}: another program holds it`, 'ETIMEDOUT')
    Atomics.wait(pause, 0, 0, LOCK_POLL_MS)
  }
}

interface LastLine {
  readonly hash: string
  /** It has no end. */
  readonly isCut: boolean
}

function readLastLine(fd: number): LastLine {
  const { size } = fstatSync(fd)
  if (size === 0) return { hash: NO_HASH, isCut: false }
  const start = Math.max(0, size - LINE_MAX)
  const bytes = Buffer.alloc(size - start)
  readSync(fd, bytes, 0, bytes.length, start)
  const isCut = bytes.at(-1) !== 0x0a
  const text = bytes.subarray(0, isCut ? bytes.length : -1)
  // Of a line that is too long to be one, the part that was read: the check finds it in any case.
  const line = text.subarray(text.lastIndexOf(0x0a) + 1)
  return { hash: hashOfLine(line.toString('utf8')), isCut }
}

/** Find out who we are. */
export function readActor(): Actor {
  const loginUid = Number(readFact('/proc/self', 'loginuid') ?? NO_LOGIN)
  return {
    uid: process.getuid?.() ?? -1,
    loginUid: loginUid === NO_LOGIN ? undefined : loginUid,
    sudoUser: process.env['SUDO_USER'] ?? '',
    tty: [0, 1, 2].map(fileOf).find((name) => /^\/dev\/(tty|pts\/)/.test(name)) ?? '',
    pid: process.pid,
  }
}

function fileOf(fd: number): string {
  try {
    return realpathSync(`/proc/self/fd/${fd}`)
  } catch {
    return ''
  }
}
