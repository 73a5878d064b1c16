// What verbs do with a dump is noted in the access log, where the machine has one. Most have none: finding that out costs
// one small file.
import { HostError } from '../core/base/errors.ts'
import type { AccessEvent } from '../host/control/evidence/access_log.ts'
import { unlockFiles } from '../host/platform/age/unlock.ts'
import { readFact } from '../host/platform/fact_tree.ts'

/** kdump.conf alone has this directive. */
const DIRECTIVE = /^\s*access_log\s/m

/** What is done, by which verb. */
export type NotedAction = Pick<AccessEvent, 'action' | 'verb'>

/** How it is noted. */
export interface NotedOptions<T> {
  /** Where the configuration is found. */
  readonly root?: string
  /** What came of it, in a few words; `ok` if not given. */
  resultOf?(value: T): string
}

/**
 * Do something with dumps, and note how it went. A log that cannot be written is told on stderr, unless the configuration
 * says that it must be.
 *
 * @param files the dumps, or their folders
 * @throws {HostError} if the log must be written and cannot be; what else `work` throws
 */
export async function withNotedAccess<T>(
  action: NotedAction,
  files: readonly string[],
  work: () => T | Promise<T>,
  { root = '/', resultOf = () => 'ok' }: NotedOptions<T> = {},
): Promise<T> {
  if (!DIRECTIVE.test(readFact(root, 'etc/kdump.conf') ?? '')) return work()
  const { findAccessLog, noteAccess } = await import('../host/control/evidence/find_access_log.ts')
  const log = findAccessLog(files, root)
  if (!log) return work()
  const note = (result: string): void => {
    try {
      noteAccess(log, { ...action, result })
    } catch (error) {
      if (!(error instanceof HostError)) throw error
      if (log.isRequired) {
        const what = 'not done, since it cannot be noted (access_log … required)'
        throw new HostError(`${what}: ${error.message}`, error.errno, { cause: error })
      }
      process.stderr.write(`kbox: not noted in the access log: ${error.message}\n`)
    }
  }
  try {
    const value = await work()
    note(resultOf(value))
    return value
  } catch (error) {
    note(error instanceof Error ? error.message : 'failed')
    throw error
  }
}

/**
 * Unlock what is encrypted of the dumps that a verb is about to open, and note that it does.
 *
 * @throws {KdumpError} as unlockFiles() and withNotedAccess()
 */
export async function unlockNoted(
  verb: string,
  files: readonly string[],
  identity?: string,
): Promise<void> {
  await withNotedAccess({ action: 'open', verb }, files, () => unlockFiles(files, identity))
}
