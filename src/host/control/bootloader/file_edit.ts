// Edits of configuration files as data: shown before they are made, made atomically, taken back when what follows fails.
import {
  chmodSync,
  chownSync,
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs'
import path from 'node:path'
import { HostError } from '../../../core/base/errors.ts'
import { flush } from '../../platform/durable_file.ts'

/** One file, as it is and as it is to be. */
export interface FileEdit {
  /** Below the root, with a leading slash: as people know it. */
  readonly file: string
  /** '' when the file is new. */
  readonly before: string
  readonly after: string
}

/** What the file was before the last edit is kept beside it. No boot loader reads a name that ends so. */
export const BACKUP_SUFFIX = '.kbox-backup'
const NEW_SUFFIX = '.kbox-new'

/** Plan an edit of a file, which may not exist yet. Undefined when nothing changes. */
export function editFile(
  root: string,
  file: string,
  change: (text: string) => string,
): FileEdit | undefined {
  const before = readTree(root, file)
  const after = change(before)
  return before === after ? undefined : { file, before, after }
}

/** Read a file below a root; '' if it cannot be. */
export function readTree(root: string, file: string): string {
  try {
    return readFileSync(path.join(root, file), 'utf8')
  } catch {
    return ''
  }
}

/**
 * Make the edits, all or none.
 *
 * @throws {HostError} if a file has changed since it was read, or cannot be written; what was written is taken back
 */
export function applyEdits(root: string, edits: readonly FileEdit[]): void {
  const done: FileEdit[] = []
  try {
    for (const edit of edits) {
      if (readTree(root, edit.file) !== edit.before)
        throw new HostError(`${edit.file} has changed since it was read: try again`)
      replaceFile(path.join(root, edit.file), edit.after, edit.before !== '')
      done.push(edit)
    }
  } catch (cause) {
    revertEdits(root, done)
    if (cause instanceof HostError) throw cause
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new HostError(`nothing was changed: ${why}`, '', { cause })
  }
}

/** Take edits back. */
export function revertEdits(root: string, edits: readonly FileEdit[]): void {
  for (const { file, before } of edits.toReversed()) {
    if (before === '') rmSync(path.join(root, file), { force: true })
    else replaceFile(path.join(root, file), before, false)
  }
}

/** A link stays a link: the file it leads to is replaced. */
function replaceFile(name: string, text: string, isBackedUp: boolean): void {
  const exists = existsSync(name)
  const file = exists ? realpathSync(name) : name
  mkdirSync(path.dirname(file), { recursive: true })
  const old = exists ? statSync(file) : undefined
  if (old && isBackedUp) writeNew(`${file}${BACKUP_SUFFIX}`, readFileSync(file), old)
  writeNew(file, Buffer.from(text), old)
}

function writeNew(
  file: string,
  bytes: Uint8Array,
  like: { mode: number; uid: number; gid: number } | undefined,
): void {
  const fresh = `${file}${NEW_SUFFIX}`
  const fd = openSync(fresh, 'w', 0o644)
  try {
    writeSync(fd, bytes)
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
  if (like) {
    chmodSync(fresh, like.mode & 0o7777)
    if (process.getuid?.() === 0) chownSync(fresh, like.uid, like.gid)
  }
  renameSync(fresh, file)
  flush(path.dirname(file))
}
