// kdump.conf, the dialect of Red Hat, Fedora and kbox itself. Reading it is kdump_conf.ts; here it is written.
import type { Settings } from '../conf_builder.ts'
import { formatCoreCollector } from '../core_collector.ts'
import { NAME_PATTERN } from '../directives/dump_directives.ts'
import { findMountArguments } from '../directives/old_directives.ts'
import { parseKdumpConf } from '../kdump_conf.ts'
import { type ConfTarget, DEFAULT_CONF, type KdumpConf } from '../kdump_conf_model.ts'
import { formatKdumpSysconfig, SYSCONFIG_FILE } from '../kdump_sysconfig.ts'
import { formatTarget } from '../parse_target.ts'
import { formatAccessLog } from '../setting_text.ts'
import { formatSize } from '../../crashkernel/memparse.ts'
import type { Dialect } from './dialect.ts'

/** kdump.conf. */
export const redHat: Dialect = {
  name: 'kdump.conf',
  file: 'etc/kdump.conf',
  sshKeys: [DEFAULT_CONF.sshKey],
  parse: parseKdumpConf,
  format: formatKdumpConf,
}

function formatKdumpConf({ conf, load }: Settings): string {
  const sysconfig = formatKdumpSysconfig(load)
  const lines = [
    '# /etc/kdump.conf, written by kbox config convert',
    ...targetLines(conf),
    `path ${conf.path}`,
    `core_collector ${formatCoreCollector(conf.coreCollector)}`,
    ...settingLines(conf),
    ...onlyOursLines(conf),
    ...(sysconfig.length > 0 ? [`# /${SYSCONFIG_FILE} must have:`] : []),
    ...sysconfig.map((line) => `# ${line.replaceAll('\n', '\\n')}`),
  ]
  return `${lines.map(sayable).join('\n')}\n`
}

/** Values that shell files can have and kdump.conf cannot: with a '#', a line's end, blanks or quotes around, %DATE. */
function sayable(line: string): string {
  if (line.startsWith('#')) return line
  const [, value = ''] = /^\S+ (.*)$/s.exec(line) ?? []
  const isPattern = line.startsWith('path ') && NAME_PATTERN.test(value)
  const isCut = isPattern || /[#\n\r]/.test(line) || value.trim() !== value || /^".*"$/s.test(value)
  return isCut ? `# kdump.conf has no way to write: ${JSON.stringify(line)}` : line
}

/** The first target as a line of its own; kdump-utils knows no second one, and no http. */
function targetLines(conf: KdumpConf): string[] {
  const [first, ...fallbacks] = conf.targets
  const named = first && first.kind !== 'path' ? first : undefined
  // dracut_args names its target itself.
  const isMounted = (findMountArguments(conf.dracutArgs) ?? []).length > 0
  const lines: string[] = []
  if (named && !isMounted) {
    if (named.kind === 'http') lines.push(ONLY_KBOX)
    lines.push(formatTarget(named))
    if (named.kind === 'nfs' && named.options !== '')
      lines.push(
        `# no counterpart here: NFS options ${named.options}; dracut_args --mount has them`,
      )
  }
  if (fallbacks.length > 0) lines.push(ONLY_KBOX)
  lines.push(...fallbacks.map((target) => `fallback ${formatFallback(target)}`))
  const token = conf.targets.flatMap((one) => (one.kind === 'http' ? [one.tokenFile] : []))[0] ?? ''
  return token === '' ? lines : [...lines, `http_token ${token}`]
}

const ONLY_KBOX = '# kbox alone knows the next lines; kdump-utils refuses them:'

function formatFallback(target: ConfTarget): string {
  return target.kind === 'path' ? 'path' : formatTarget(target)
}

/** What differs from its default. */
function settingLines(conf: KdumpConf): string[] {
  const { hooks } = conf
  const rows: readonly (readonly [name: string, value: string, isSet: boolean])[] = [
    ['sshkey', conf.sshKey, conf.sshKey !== DEFAULT_CONF.sshKey],
    ['failure_action', conf.failureAction, conf.failureAction !== DEFAULT_CONF.failureAction],
    ['final_action', conf.finalAction, conf.finalAction !== DEFAULT_CONF.finalAction],
    ['kdump_pre', hooks.pre ?? '', hooks.pre !== undefined],
    ['kdump_post', hooks.post ?? '', hooks.post !== undefined],
    ['kdump_emergency', hooks.emergency ?? '', hooks.emergency !== undefined],
    ['extra_bins', conf.extraBins.join(' '), conf.extraBins.length > 0],
    ['extra_modules', conf.extraModules.join(' '), conf.extraModules.length > 0],
    ['force_rebuild', '1', conf.forceRebuild],
    ['force_no_rebuild', '1', conf.forceNoRebuild],
    ['auto_reset_crashkernel', 'no', !conf.autoResetCrashkernel],
    ['dracut_args', conf.dracutArgs, conf.dracutArgs !== ''],
    ['fence_kdump_args', conf.fenceKdumpArgs, conf.fenceKdumpArgs !== ''],
    ['fence_kdump_nodes', conf.fenceKdumpNodes.join(' '), conf.fenceKdumpNodes.length > 0],
  ]
  return rows.filter(([, , isSet]) => isSet).map(([name, value]) => `${name} ${value}`)
}

/** Old lines that kdump-utils refuses today and has no other word for, and our own. */
function onlyOursLines(conf: KdumpConf): string[] {
  const lines: string[] = []
  const { encryptTo, signKey, retention, accessLog, autoReport } = conf
  const { count, bytes, ageDays } = retention
  if (encryptTo.length > 0) lines.push(`encrypt_to ${encryptTo.join(' ')}`)
  if (signKey !== '') lines.push(`sign_key ${signKey}`)
  if (count !== undefined) lines.push(`retain_count ${count}`)
  if (bytes !== undefined) lines.push(`retain_bytes ${formatSize(BigInt(bytes))}`)
  if (ageDays !== undefined) lines.push(`retain_age ${ageDays}`)
  if (accessLog.file !== '') lines.push(`access_log ${formatAccessLog(accessLog)}`)
  if (!autoReport) lines.push('auto_report no')
  if (conf.initramfs !== 'auto') lines.push(`initramfs ${conf.initramfs}`)
  if (conf.deviceTimeoutSeconds !== undefined)
    lines.push(`disk_timeout ${conf.deviceTimeoutSeconds}`)
  if (conf.linkTimeoutSeconds !== undefined) lines.push(`link_delay ${conf.linkTimeoutSeconds}`)
  if (conf.memoryDebugLevel > 0) lines.push(`debug_mem_level ${conf.memoryDebugLevel}`)
  if (conf.omitModules.length > 0) lines.push(`blacklist ${conf.omitModules.join(' ')}`)
  for (const option of conf.moduleOptions) {
    const dot = option.indexOf('.')
    lines.push(`options ${option.slice(0, dot)} ${option.slice(dot + 1)}`)
  }
  return lines.length > 0 ? [ONLY_KBOX, ...lines] : []
}
