// kbox install and kbox uninstall: onto a plain machine, from a checkout or an unpacked tarball.
import path from 'node:path'
import { HostError, UsageError } from '../core/base/errors.ts'
import { applyInstall, applyUninstall } from '../host/control/install/apply_install.ts'
import { conflicts, planInstall, type InstallPlan } from '../host/control/install/install_plan.ts'
import { readRecord } from '../host/control/install/install_record.ts'
import { findPayload } from '../host/control/install/payload.ts'
import {
  disableUnit,
  enableUnit,
  refuseEnabledRivals,
  reloadManagers,
} from '../host/control/install/service.ts'
import { findSystemNode } from '../host/control/install/system_node.ts'
import { parseVerbOptions } from './verb_options.ts'
import { VERSION } from './version.ts'

const COMMON = {
  root: { type: 'string', default: '/' },
  prefix: { type: 'string', default: '/usr' },
  'dry-run': { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
} as const

/**
 * Run `kbox install`.
 *
 * @returns exit code: 0 installed, 1 not (nothing was changed)
 */
export async function installMain(argv: readonly string[]): Promise<number> {
  const values = parseVerbOptions(argv, {
    ...COMMON,
    enable: { type: 'boolean', default: false },
    'with-node': { type: 'boolean', default: false },
  })
  const root = path.resolve(values.root)
  const prefix = readPrefix(values.prefix)
  const plan = planInstall(findPayload(), {
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
  if (values.json) sayJson(planJson(plan, values['dry-run']))
  else process.stdout.write(planText(plan, values['dry-run'], values.enable))
  return inTheWay.length === 0 ? 0 : 1
}

/**
 * Run `kbox uninstall`.
 *
 * @returns exit code: 0 removed
 * @throws {HostError} if kbox is not installed there
 */
export async function uninstallMain(argv: readonly string[]): Promise<number> {
  const values = parseVerbOptions(argv, COMMON)
  const root = path.resolve(values.root)
  const prefix = readPrefix(values.prefix)
  const record = readRecord(root, prefix)
  if (!record)
    throw new HostError(`no kbox is installed below ${path.join(root, prefix)}`, 'ENOENT')
  const isDry = values['dry-run']
  if (!isDry) disableUnit(root, record.unit)
  const kept = isDry ? [] : applyUninstall(root, prefix, record)
  if (!isDry) reloadManagers(root)
  if (values.json) {
    const removed = record.files.map((file) => `/${file.path}`)
    sayJson({ version: 1, root, prefix, dryRun: isDry, files: removed, kept: kept.map(absolute) })
    return 0
  }
  const lines = [
    ...kept.map((file) => `/${file} was changed since it was installed, and stays`),
    isDry
      ? `${record.files.length} files would be removed`
      : `kbox ${record.kbox} is removed; dumps and /var/lib/kdump stay`,
  ]
  process.stdout.write(`${lines.join('\n')}\n`)
  return 0
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

function sayJson(value: Readonly<Record<string, unknown>>): void {
  process.stdout.write(`${JSON.stringify(value)}\n`)
}
