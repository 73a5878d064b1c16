// kdumpctl's lock: one program at a time changes what is loaded. kdumpctl itself takes the same one.
import { closeSync, existsSync, mkdirSync, openSync, statSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { HostError } from '../../core/base/errors.ts'
import { monotonicMs } from '../platform/clock.ts'
import { readFact } from '../platform/fact_tree.ts'
import { tryLockFile } from '../platform/syscalls.ts'

/** How a lock is taken. */
export interface LockOptions {
  readonly file?: string
  /** How long another program may keep us waiting; building an image takes minutes. */
  readonly timeoutMs?: number
  /** Called once, when another program has it. */
  readonly onWait?: () => void
}

const TIMEOUT_MS = 600_000
const POLL_INTERVAL_MS = 200

/** Where kdumpctl has it; /tmp only where /run/lock is missing, as with kdumpctl. */
export function kdumpLockFile(): string {
  return existsSync('/run/lock') ? '/run/lock/kdump' : '/tmp/kdump.lock'
}

/**
 * Do something while holding the lock.
 *
 * @throws {HostError} naming who holds it, when that took too long
 */
export async function withKdumpLock<T>(
  work: () => T | Promise<T>,
  options: LockOptions = {},
): Promise<T> {
  const { file = kdumpLockFile(), timeoutMs = TIMEOUT_MS, onWait } = options
  const fd = openLock(file)
  try {
    const endMs = monotonicMs() + timeoutMs
    for (let tries = 0; !tryLockFile(fd); tries++) {
      if (tries === 0) onWait?.()
      if (monotonicMs() >= endMs) {
        const holder = findLockHolder(file)
        const who = holder === undefined ? 'another program' : `process ${holder}`
        throw new HostError(
          `${who} holds ${file} for more than ${Math.round(timeoutMs / 1000)} s: wait for it or end it`,
          'ETIMEDOUT',
        )
      }
      await sleep(POLL_INTERVAL_MS)
    }
    return await work()
  } finally {
    closeSync(fd)
  }
}

/**
 * Take a lock if it is free.
 *
 * @returns what gives it back, undefined when another program has it
 */
export function tryKdumpLock(file: string): Disposable | undefined {
  const fd = openLock(file)
  if (tryLockFile(fd)) return { [Symbol.dispose]: () => closeSync(fd) }
  closeSync(fd)
  return undefined
}

/** Find the process that holds a lock, in /proc/locks: `1: FLOCK  ADVISORY  WRITE 1234 00:19:1180 0 EOF`. */
function findLockHolder(file: string): number | undefined {
  const { ino } = statSync(file)
  for (const line of (readFact('/', 'proc/locks') ?? '').split('\n')) {
    const match = /FLOCK .* (\d+) [0-9a-f]+:[0-9a-f]+:(\d+) /.exec(line)
    if (match && Number(match[2]) === ino) return Number(match[1])
  }
  return undefined
}

function openLock(file: string): number {
  mkdirSync(path.dirname(file), { recursive: true })
  return openSync(file, 'a', 0o600)
}
