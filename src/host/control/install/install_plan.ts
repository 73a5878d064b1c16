// Decides what an installation would do to a machine, by reading only. All of it works below a root, so that images of
// machines can be prepared and every decision tested.
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { fingerprint, fingerprintOfItem, readRecord } from './install_record.ts'
import type { InstallRecord, RecordedFile } from './install_record.ts'
import { listItems, type InstallItem, type UnitName } from './layout.ts'
import type { Payload } from './payload.ts'
import { findRivals, type Rival } from './rivals.ts'

/** What is done to one path. */
export type InstallAction =
  | { readonly kind: 'create' | 'replace'; readonly item: InstallItem }
  /** It is there already, to the byte. */
  | { readonly kind: 'same'; readonly item: InstallItem }
  /** Somebody's own is there and stays: a configuration, or a courtesy. */
  | { readonly kind: 'keep'; readonly item: InstallItem }
  /** Somebody else's file is in the way. */
  | { readonly kind: 'conflict'; readonly item: InstallItem }

/** A whole installation, decided. */
export interface InstallPlan {
  readonly root: string
  readonly prefix: string
  readonly unit: UnitName
  readonly actions: readonly InstallAction[]
  /** Of an older installation, and no longer part of one. */
  readonly leftovers: readonly RecordedFile[]
  readonly rivals: readonly Rival[]
  /** What will be there afterwards. */
  readonly record: InstallRecord
  readonly notes: readonly string[]
}

/** What the caller chooses. */
export interface InstallChoices {
  readonly root: string
  /** Absolute, without a slash at the end. */
  readonly prefix: string
  readonly withNode: boolean
  /** Version that is installed. */
  readonly kbox: string
}

/**
 * Decide.
 *
 * @throws {HostError} if the record of an older installation cannot be understood
 */
export function planInstall(payload: Payload, choices: InstallChoices): InstallPlan {
  const { root, prefix, withNode, kbox } = choices
  const before = readRecord(root, prefix)
  const ours = new Map(before?.files.map((file) => [file.path, file]))
  const rivals = findRivals(root, (file) => ours.has(file))
  const unit = rivals.some((rival) => rival.unit === 'kdump.service')
    ? 'kbox.service'
    : 'kdump.service'
  const items = listItems(payload, { prefix, withNode, unit })
  const decided = items.map((item) => decide(root, item, ours.get(item.path)))
  const files = decided
    .filter(({ action }) => action.kind !== 'keep' || ours.has(action.item.path))
    .map(({ action: { item }, fingerprint: wanted }) => ({
      path: item.path,
      fingerprint: wanted,
      role: item.role,
    }))
  const installed = new Set(items.map((item) => item.path))
  return {
    ...{ root, prefix, unit, rivals },
    actions: decided.map(({ action }) => action),
    leftovers: before?.files.filter((file) => !installed.has(file.path)) ?? [],
    record: { version: 1, kbox, unit, files },
    notes: [...rivals.map(rivalNote), ...stateNotes(root, unit)],
  }
}

/** The paths where somebody else's file is in the way. */
export function conflicts({ actions }: InstallPlan): string[] {
  return actions.filter(({ kind }) => kind === 'conflict').map(({ item }) => item.path)
}

function decide(
  root: string,
  item: InstallItem,
  recorded: RecordedFile | undefined,
): { readonly action: InstallAction; readonly fingerprint: string } {
  const wanted = fingerprintOfItem(item)
  const kind = decideKind(root, item, wanted, recorded)
  // Of a configuration that stays, what we once brought: uninstall tells by it whether it was edited.
  const noted = kind === 'keep' && recorded ? recorded.fingerprint : wanted
  return { action: { kind, item }, fingerprint: noted }
}

function decideKind(
  root: string,
  item: InstallItem,
  wanted: string,
  recorded: RecordedFile | undefined,
): InstallAction['kind'] {
  const found = fingerprint(path.join(root, item.path))
  const isOurs = recorded !== undefined
  if (found === undefined) return isElsewhere(root, item) ? 'keep' : 'create'
  if (found === wanted) return isOurs || item.role === 'program' ? 'same' : 'keep'
  if (item.role === 'config') return 'keep'
  if (isOurs) return 'replace'
  return item.role === 'courtesy' ? 'keep' : 'conflict'
}

/** A name of somebody else's program, such as kdumpctl, is theirs in every folder of PATH. */
function isElsewhere(root: string, { role, path: file }: InstallItem): boolean {
  const folders = ['usr/sbin', 'usr/bin', 'sbin', 'bin', 'usr/local/sbin', 'usr/local/bin']
  return (
    role === 'courtesy' &&
    folders.some((folder) => existsSync(path.join(root, folder, path.basename(file))))
  )
}

function rivalNote({ unit, file, isEnabled }: Rival): string {
  const state = isEnabled ? 'is enabled' : 'is installed, not enabled'
  return `${unit} (/${file}) ${state}: whoever loads last replaces the other's capture kernel; starting ours stops it`
}

function stateNotes(root: string, unit: UnitName): string[] {
  const notes: string[] = []
  if (unit !== 'kdump.service')
    notes.push(`kdump.service belongs to another package: the unit of kbox is ${unit}`)
  const cmdline = readText(path.join(root, 'proc/cmdline'))
  if (cmdline !== undefined && !/(?:^|\s)crashkernel=/.test(cmdline))
    notes.push(
      'no memory is reserved: kbox reset-crashkernel, then reboot; until then the unit is skipped',
    )
  return notes
}

function readText(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return undefined
  }
}
