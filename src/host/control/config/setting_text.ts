// Settings under the names people write them by, with their values as those are written.
import type { SettingName, Settings } from './conf_builder.ts'
import { formatCoreCollector } from './core_collector.ts'
import type { ConfAccessLog, ConfRetention, ConfTarget } from './kdump_conf_model.ts'
import { formatTarget } from './parse_target.ts'

/** A setting for people. */
export interface SettingText {
  readonly name: SettingName
  /** Directive of kdump.conf or variable of /etc/sysconfig/kdump. */
  readonly label: string
  readonly value: string
}

type Row = readonly [name: SettingName, label: string, value: (settings: Settings) => string]

const words = (list: readonly string[]): string => list.join(' ')
const flag = (value: boolean): string => (value ? '1' : '0')
const optional = (value: number | undefined): string => (value === undefined ? '' : String(value))

const ROWS: readonly Row[] = [
  ['targets', 'target', ({ conf }) => conf.targets.map(formatOne).join(', then ')],
  ['path', 'path', ({ conf }) => conf.path],
  ['sshKey', 'sshkey', ({ conf }) => conf.sshKey],
  ['coreCollector', 'core_collector', ({ conf }) => formatCoreCollector(conf.coreCollector)],
  ['failureAction', 'failure_action', ({ conf }) => conf.failureAction],
  ['finalAction', 'final_action', ({ conf }) => conf.finalAction],
  ['hooks', 'kdump_pre, _post, _emergency', ({ conf }) => formatHooks(conf.hooks)],
  ['extraBins', 'extra_bins', ({ conf }) => words(conf.extraBins)],
  ['extraModules', 'extra_modules', ({ conf }) => words(conf.extraModules)],
  ['omitModules', 'blacklist', ({ conf }) => words(conf.omitModules)],
  ['moduleOptions', 'options', ({ conf }) => words(conf.moduleOptions)],
  ['deviceTimeoutSeconds', 'disk_timeout', ({ conf }) => optional(conf.deviceTimeoutSeconds)],
  ['linkTimeoutSeconds', 'link_delay', ({ conf }) => optional(conf.linkTimeoutSeconds)],
  ['memoryDebugLevel', 'debug_mem_level', ({ conf }) => String(conf.memoryDebugLevel)],
  ['forceRebuild', 'force_rebuild', ({ conf }) => flag(conf.forceRebuild)],
  ['forceNoRebuild', 'force_no_rebuild', ({ conf }) => flag(conf.forceNoRebuild)],
  [
    'autoResetCrashkernel',
    'auto_reset_crashkernel',
    ({ conf }) => (conf.autoResetCrashkernel ? 'yes' : 'no'),
  ],
  ['initramfs', 'initramfs', ({ conf }) => conf.initramfs],
  ['dracutArgs', 'dracut_args', ({ conf }) => conf.dracutArgs],
  ['fenceKdumpArgs', 'fence_kdump_args', ({ conf }) => conf.fenceKdumpArgs],
  ['fenceKdumpNodes', 'fence_kdump_nodes', ({ conf }) => words(conf.fenceKdumpNodes)],
  ['encryptTo', 'encrypt_to', ({ conf }) => words(conf.encryptTo)],
  ['signKey', 'sign_key', ({ conf }) => conf.signKey],
  ['retention', 'retain_count, _bytes, _age', ({ conf }) => formatRetention(conf.retention)],
  ['accessLog', 'access_log', ({ conf }) => formatAccessLog(conf.accessLog)],
  ['autoReport', 'auto_report', ({ conf }) => (conf.autoReport ? 'yes' : 'no')],
  ['kernel', 'KDUMP_KERNELVER', ({ load }) => load.kernel],
  ['bootFolder', 'KDUMP_BOOTDIR', ({ load }) => load.bootFolder],
  ['imageName', 'KDUMP_IMG', ({ load }) => load.imageName],
  ['imageSuffix', 'KDUMP_IMG_EXT', ({ load }) => load.imageSuffix],
  ['base', 'KDUMP_COMMANDLINE', ({ load }) => load.base],
  ['remove', 'KDUMP_COMMANDLINE_REMOVE', ({ load }) => words(load.remove ?? [])],
  ['append', 'KDUMP_COMMANDLINE_APPEND', ({ load }) => load.append ?? ''],
  ['extra', 'command line, added', ({ load }) => load.extra],
  ['fadumpAppend', 'FADUMP_COMMANDLINE_APPEND', ({ load }) => load.fadumpAppend],
  ['kexecMode', 'KEXEC_ARGS', ({ load }) => load.kexecMode],
  ['cpus', 'KDUMP_CPUS', ({ load }) => optional(load.cpus)],
  [
    'notifiesCreation',
    'VMCORE_CREATION_NOTIFICATION',
    ({ load }) => (load.notifiesCreation ? 'yes' : 'no'),
  ],
]

/** Format every setting, in the order of the documentation; '' is what is not set. */
export function formatSettings(settings: Settings): SettingText[] {
  return ROWS.map(([name, label, value]) => ({ name, label, value: value(settings) }))
}

function formatOne(target: ConfTarget): string {
  return target.kind === 'path' ? 'the file system that holds path' : formatTarget(target)
}

function formatRetention({ count, bytes, ageDays }: ConfRetention): string {
  const limits = [count, bytes, ageDays]
  return limits.every((value) => value === undefined)
    ? ''
    : limits.map((value) => value ?? '-').join(' ')
}

/** As kdump.conf has it; '' for no log. */
export function formatAccessLog({ file, isRequired }: ConfAccessLog): string {
  return isRequired ? `${file} required` : file
}

function formatHooks(hooks: Settings['conf']['hooks']): string {
  const { pre, post, emergency } = hooks
  return [pre, post, emergency].map((file) => file ?? '-').join(' ')
}
