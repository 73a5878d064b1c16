// kbox install and kbox uninstall: onto a plain machine, from a checkout or an unpacked tarball.
import { existsSync } from 'node:fs'
import path from 'node:path'
import { HostError, UsageError } from '../core/base/errors.ts'
import { readCrashState } from '../host/control/crash_sysfs.ts'
import { applyInstall, applyUninstall } from '../host/control/install/apply_install.ts'
import { conflicts, planInstall, type InstallPlan } from '../host/control/install/install_plan.ts'
import { readRecord, type InstallRecord } from '../host/control/install/install_record.ts'
import { findPayload, type Payload } from '../host/control/install/payload.ts'
import { findRivals } from '../host/control/install/rivals.ts'
import {
  disableUnit,
  enableUnit,
  refuseEnabledRivals,
  reloadManagers,
} from '../host/control/install/service.ts'
import { findSystemNode } from '../host/control/install/system_node.ts'
import { unloadCrashImage } from '../host/control/load/kexec.ts'
import { LOADED_RECORD } from '../host/control/load/load_image.ts'
import { parseVerbOptions } from './verb_options.ts'
import { VERSION } from './version.ts'

const COMMON = {
  root: { type: 'string', default: '/' },
  prefix: { type: 'string', default: '/usr' },
  'dry-run': { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
} as const

/** What a verb did: its exit code, and what it says on standard output. */
interface Outcome {
  readonly code: number
  readonly text: string
}

/**
 * Run `kbox install`.
 *
 * @returns exit code: 0 installed, 1 not (nothing was changed)
 */
export async function installMain(argv: readonly string[]): Promise<number> {
  return tell(runInstall(argv, findPayload))
}

/**
 * Run `kbox uninstall`.
 *
 * @returns exit code: 0 removed
 * @throws {HostError} if kbox is not installed there
 */
export async function uninstallMain(argv: readonly string[]): Promise<number> {
  return tell(runUninstall(argv))
}

function tell({ code, text }: Outcome): number {
  process.stdout.write(text)
  return code
}

/** Do what `kbox install` does, from any payload. @throws {HostError} with the reason if it cannot */
export function runInstall(argv: readonly string[], find: () => Payload): Outcome {
  const values = parseVerbOptions(argv, {
    ...COMMON,
    enable: { type: 'boolean', default: false },
    'with-node': { type: 'boolean', default: false },
  })
  const root = path.resolve(values.root)
  const prefix = readPrefix(values.prefix)
  const plan = planInstall(find(), {
    ...{ root, prefix, kbox: VERSION },
    withNode: values['with-node'] || findSystemNode(root) === undefined,
  })
  if (values.enable) refuseEnabledRivals(plan.unit, plan.rivals)
  const inTheWay = conflicts(plan)
  if (!values['dry-run'] && inTheWay.length === 0) {
    applyInstall(plan)
    reloadManagers(root)
    if (values.enable) enableUnit(root, plan.unit)
  }
  return {
    code: inTheWay.length === 0 ? 0 : 1,
    text: values.json
      ? `${JSON.stringify(planJson(plan, values['dry-run']))}\n`
      : planText(plan, values['dry-run'], values.enable),
  }
}

/** Do what `kbox uninstall` does. @throws {HostError} if kbox is not installed there */
export function runUninstall(argv: readonly string[]): Outcome {
  const values = parseVerbOptions(argv, COMMON)
  const root = path.resolve(values.root)
  const prefix = readPrefix(values.prefix)
  const record = readRecord(root, prefix)
  if (!record)
    throw new HostError(`no kbox is installed below ${path.join(root, prefix)}`, 'ENOENT')
  const isDry = values['dry-run']
  const wasUp = !isDry && disableUnit(root, record.unit)
  // While what it takes is there: a library that is loaded when it is needed is among the files.
  if ((wasUp || (!isDry && mayBeOurs(root, record))) && readCrashState().loaded) unloadCrashImage()
  const kept = isDry ? [] : applyUninstall(root, prefix, record)
  if (!isDry) reloadManagers(root)
  if (values.json) {
    const files = record.files.map((file) => absolute(file.path))
    const value = { version: 1, root, prefix, dryRun: isDry, files, kept: kept.map(absolute) }
    return { code: 0, text: `${JSON.stringify(value)}\n` }
  }
  const lines = [
    ...kept.map((file) => `${absolute(file)} was changed since it was installed, and stays`),
    isDry
      ? `${record.files.length} files would be removed`
      : `kbox ${record.kbox} is removed; dumps and /var/lib/kdump stay`,
  ]
  return { code: 0, text: `${lines.join('\n')}\n` }
}

/** What a unit that has failed, a late reload or somebody by hand has loaded; not what another package's unit may have. */
function mayBeOurs(root: string, { files }: InstallRecord): boolean {
  const isOurs = (file: string): boolean => files.some((own) => own.path === file)
  const hasRival = findRivals(root, isOurs).some(({ isEnabled }) => isEnabled)
  return root === '/' && existsSync(LOADED_RECORD) && !hasRival
}

function readPrefix(value: string): string {
  if (path.isAbsolute(value) && !/[\s'"$\\]/.test(value) && path.normalize(value) !== '/')
    return path.normalize(value).replace(/\/$/, '')
  throw new UsageError(`--prefix ${value}: must be an absolute folder, such as /usr/local`)
}

function absolute(file: string): string {
  return `/${file}`
}

function planJson(plan: InstallPlan, isDry: boolean): Readonly<Record<string, unknown>> {
  const { root, prefix, unit, actions, leftovers, rivals, notes, record } = plan
  return {
    version: 1,
    ...{ root, prefix, unit, kbox: record.kbox, dryRun: isDry },
    installed: conflicts(plan).length === 0 && !isDry,
    files: [
      ...actions.map(({ kind, item }) => ({ path: absolute(item.path), action: kind })),
      ...leftovers.map((file) => ({ path: absolute(file.path), action: 'remove' })),
    ],
    ...{ rivals, notes },
  }
}

function planText(plan: InstallPlan, isDry: boolean, isEnabled: boolean): string {
  const inTheWay = conflicts(plan)
  const { actions, leftovers, notes, unit, record } = plan
  const lines: string[] = []
  if (isDry) {
    lines.push(...actions.map(({ kind, item }) => `${kind.padEnd(8)} /${item.path}`))
    lines.push(...leftovers.map((file) => `remove   /${file.path}`))
  }
  lines.push(...notes.map((note) => `note: ${note}`))
  if (inTheWay.length > 0) {
    if (!isDry) lines.push(...inTheWay.map((file) => `conflict /${file}`))
    lines.push(
      'not installed: these files belong to somebody else; remove the package that has them, or choose another --prefix',
    )
  } else if (!isDry) {
    const changed = actions.filter(({ kind }) => kind === 'create' || kind === 'replace').length
    lines.push(
      `kbox ${record.kbox}: ${changed + leftovers.length} files changed`,
      isEnabled
        ? `${unit} is enabled; to arm now: systemctl start ${unit}`
        : `next: systemctl enable ${unit}; systemctl start ${unit}`,
    )
  }
  return `${lines.join('\n')}\n`
}
