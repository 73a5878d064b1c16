// What this machine panics for: now, after the next boot, and what would suit one that is to leave dumps.
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { HostError, UsageError } from '../../../core/base/errors.ts'
import { nearName } from '../../../core/base/near_name.ts'
import { renameDurably, writeDurably } from '../../platform/durable_file.ts'
import { readFact } from '../../platform/fact_tree.ts'
import { splitCmdline } from '../load/capture_cmdline.ts'
import { PANIC_SETTINGS, type PanicSetting } from './panic_settings.ts'
import { forEachSysctlLine, parseSysctl, type SysctlLine } from './sysctl_files.ts'

/** Our file, from the root. */
export const POLICY_FILE = 'etc/sysctl.d/99-kbox-policy.conf'

/** One setting on this machine. */
export interface PolicyState {
  readonly setting: PanicSetting
  /** Value now; undefined if this kernel does not have it. */
  readonly current: string | undefined
  /** What sysctl.d will set at the next boot, and which line. */
  readonly persisted: SysctlLine | undefined
  /** What the command line of this boot set, and its word. */
  readonly cmdline: { readonly word: string; readonly value: string } | undefined
  /** Does the current value suit a machine that is to leave dumps? */
  readonly isGood: boolean
  /** Other settings that make it do nothing, such as `nmi_watchdog is 0`. */
  readonly obstacles: readonly string[]
}

/** Read what the machine panics for. @param root where etc/ and proc/ are found */
export function readPolicy(root = '/'): PolicyState[] {
  const persisted = new Map([...forEachSysctlLine(root)].map((line) => [line.key, line]))
  const words = splitCmdline(readFact(root, 'proc/cmdline') ?? '')
  return PANIC_SETTINGS.map((setting) => {
    const current = readFact(root, path.join('proc/sys/kernel', setting.name))
    return {
      setting,
      current,
      persisted: persisted.get(`kernel.${setting.name}`),
      cmdline: findOnCmdline(setting, words),
      isGood: current === undefined || setting.isGood(current),
      obstacles: findObstacles(setting, current, root),
    }
  })
}

/** A value to set. */
export interface PolicyChange {
  readonly setting: PanicSetting
  readonly value: string
}

/**
 * Parse `panic_on_oops=1`, `kernel.panic=10`.
 *
 * @throws {UsageError} for a name that is none of the policy's, or a value out of range
 */
export function parsePolicyChange(text: string): PolicyChange {
  const [, name = '', value = ''] = /^(?:kernel[./])?([^=]*)=(.*)$/s.exec(text) ?? []
  const setting = PANIC_SETTINGS.find((candidate) => candidate.name === name)
  if (!setting) {
    const names = PANIC_SETTINGS.map((candidate) => candidate.name)
    const near = nearName(name, names)
    const known = near ? `did you mean '${near}'?` : `there are ${names.join(', ')}`
    throw new UsageError(`'${text}' is no NAME=VALUE of the policy: ${known}`)
  }
  const number = /^-?\d{1,10}$/.test(value) ? Number(value) : NaN
  if (!(number >= setting.min && number <= setting.max))
    throw new UsageError(`${name}=${value}: must be a number from ${setting.min} to ${setting.max}`)
  return { setting, value: String(number) }
}

/** What makes every setting of this kernel a good one, at the next boot too. A good value that is true now is kept. */
export function recommendChanges(root = '/'): PolicyChange[] {
  return readPolicy(root).flatMap(({ setting, current, persisted, isGood }) => {
    const isLasting = persisted !== undefined && setting.isGood(persisted.value)
    if (current === undefined || (isGood && isLasting)) return []
    return [{ setting, value: isGood ? current : setting.recommended }]
  })
}

/**
 * Make changes last, then make them true now. What our file said before and is not changed stays.
 *
 * @returns for each change that a later file undoes at the next boot, the line that does
 * @throws {HostError} if this kernel lacks one of the names, before anything is written; or if it refuses a value
 */
export function setPolicy(changes: readonly PolicyChange[], root = '/'): SysctlLine[] {
  const isRunning = existsSync(path.join(root, 'proc/sys/kernel'))
  for (const { setting } of changes) {
    if (isRunning && !existsSync(procFile(root, setting.name)))
      throw new HostError(
        `this kernel has no kernel.${setting.name} (${setting.config}): leave it out`,
        'ENOENT',
      )
  }
  writePolicyFile(changes, root)
  if (isRunning) for (const change of changes) apply(change, root)
  const last = new Map([...forEachSysctlLine(root)].map((line) => [line.key, line]))
  return changes.flatMap(({ setting, value }) => {
    const line = last.get(`kernel.${setting.name}`)
    return line && line.file !== POLICY_FILE && line.value !== value ? [line] : []
  })
}

const procFile = (root: string, name: string): string => path.join(root, 'proc/sys/kernel', name)

/** `sysctl.kernel.panic=10` sets anything, since v5.8; else each setting has its word. The last one wins. */
function findOnCmdline(setting: PanicSetting, words: readonly string[]): PolicyState['cmdline'] {
  const general = new RegExp(`^sysctl[./]kernel[./]${setting.name}=(.*)$`)
  let found: PolicyState['cmdline']
  for (const word of words) {
    const value = setting.onCmdline(word)
    if (value !== undefined && !general.test(found?.word ?? '')) found = { word, value }
    // These are applied later in the boot than the others.
    const [, set] = general.exec(word) ?? []
    if (set !== undefined) found = { word, value: set }
  }
  return found
}

function findObstacles(setting: PanicSetting, current: string | undefined, root: string): string[] {
  if (current === undefined || Number(current) === 0) return []
  return setting.needs.flatMap(([name, notValue]) => {
    const value = readFact(root, path.join('proc/sys/kernel', name))
    return value === undefined || value === notValue
      ? [`kernel.${name} is ${value ?? 'absent'}`]
      : []
  })
}

const HEADER =
  "# What turns hangs and errors into panics, set by 'kbox policy set'; 'kbox policy' explains each.\n"

function writePolicyFile(changes: readonly PolicyChange[], root: string): void {
  const file = path.join(root, POLICY_FILE)
  const values = new Map<string, string>()
  for (const { key, value } of parseSysctl(readOld(file), POLICY_FILE)) values.set(key, value)
  for (const { setting, value } of changes) values.set(`kernel.${setting.name}`, value)
  const lines = Array.from(values, ([key, value]) => `${key} = ${value}\n`)
  mkdirSync(path.dirname(file), { recursive: true })
  const unfinished = `${file}.tmp`
  writeDurably(unfinished, [HEADER, ...lines])
  chmodSync(unfinished, 0o644)
  renameDurably(unfinished, file)
}

function apply({ setting, value }: PolicyChange, root: string): void {
  try {
    writeFileSync(procFile(root, setting.name), `${value}\n`)
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    const what = `kernel.${setting.name} = ${value} lasts from the next boot, but is not true now: ${why}`
    throw new HostError(what, 'EINVAL', { cause })
  }
}

function readOld(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}
