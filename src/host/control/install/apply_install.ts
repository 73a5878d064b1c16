// Does what an install plan says, and takes it back.
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  renameSync,
  rmSync,
  rmdirSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import path from 'node:path'
import { HostError } from '../../../core/base/errors.ts'
import { renameDurably } from '../../platform/durable_file.ts'
import { conflicts, type InstallPlan } from './install_plan.ts'
import { fingerprint, recordPath, type InstallRecord, type RecordedFile } from './install_record.ts'
import { STATE_FOLDERS, type InstallItem } from './layout.ts'

/** What Node writes for our units, below the root. */
const COMPILE_CACHE = 'var/cache/kbox'

/**
 * Carry out a plan. Each file is written beside its place and renamed into it; one that is in use stays whole.
 *
 * @throws {HostError} naming the files in the way; nothing was changed then
 */
export function applyInstall(plan: InstallPlan): void {
  const inTheWay = conflicts(plan)
  if (inTheWay.length > 0) throw new HostError(conflictMessage(inTheWay), 'EEXIST')
  const { root, prefix, record, leftovers } = plan
  // First, and with what an update will remove: an installation that is interrupted must know its own files again.
  writeRecord(root, prefix, { ...record, files: [...record.files, ...leftovers] })
  for (const [folder, mode] of STATE_FOLDERS) makeFolder(path.join(root, folder), mode)
  for (const { kind, item } of plan.actions)
    if (kind === 'create' || kind === 'replace') writeItem(path.join(root, item.path), item)
  removeFiles(root, leftovers)
  writeRecord(root, prefix, record)
}

/**
 * Remove an installation. What was changed since stays, and so do dumps and capture images.
 *
 * @returns paths that stay, below the root
 */
export function applyUninstall(root: string, prefix: string, record: InstallRecord): string[] {
  const kept = removeFiles(root, record.files)
  rmSync(path.join(root, recordPath(prefix)))
  removeEmptyFolders(root, recordPath(prefix))
  rmSync(path.join(root, COMPILE_CACHE), { recursive: true, force: true })
  return kept
}

function conflictMessage(files: readonly string[]): string {
  const named = files
    .slice(0, 3)
    .map((file) => `/${file}`)
    .join(', ')
  const more = files.length > 3 ? ` and ${files.length - 3} more` : ''
  return `${named}${more} belongs to somebody else: remove the package that has it (dpkg -S, rpm -qf), or choose another --prefix`
}

function makeFolder(folder: string, mode: number): void {
  if (existsSync(folder)) return
  mkdirSync(folder, { recursive: true })
  chmodSync(folder, mode)
}

function writeItem(file: string, item: InstallItem): void {
  mkdirSync(path.dirname(file), { recursive: true })
  const fresh = `${file}.${process.pid}.new`
  try {
    switch (item.kind) {
      case 'link':
        symlinkSync(item.target, fresh)
        break
      case 'text':
        writeFileSync(fresh, item.text)
        chmodSync(fresh, item.mode)
        break
      case 'copy':
        copyFileSync(item.source, fresh)
        chmodSync(fresh, item.mode)
        break
    }
    // A unit that is empty after a power failure is a masked one to systemd: the machine would not be armed, and not say so.
    if (item.kind === 'link') renameSync(fresh, file)
    else renameDurably(fresh, file)
  } catch (error) {
    rmSync(fresh, { force: true })
    throw error
  }
}

function writeRecord(root: string, prefix: string, record: InstallRecord): void {
  const text = `${JSON.stringify(record, null, 1)}\n`
  writeItem(path.join(root, recordPath(prefix)), {
    ...{ kind: 'text', role: 'program', path: recordPath(prefix) },
    ...{ mode: 0o644, text },
  })
}

/** @returns paths that were changed since, and stay */
function removeFiles(root: string, files: readonly RecordedFile[]): string[] {
  const kept: string[] = []
  for (const { path: name, fingerprint: brought } of files) {
    const file = path.join(root, name)
    const found = fingerprint(file)
    if (found === undefined) continue
    if (found !== brought) {
      kept.push(name)
      continue
    }
    rmSync(file)
    removeEmptyFolders(root, name)
  }
  return kept
}

/** Folders that only we filled go with their last file; one that holds anything stops it. */
function removeEmptyFolders(root: string, name: string): void {
  for (let folder = path.dirname(name); folder !== '.'; folder = path.dirname(folder)) {
    try {
      rmdirSync(path.join(root, folder))
    } catch {
      return
    }
  }
}
