// Settings as SUSE's /etc/sysconfig/kdump.
import type { Settings } from '../conf_builder.ts'
import type { CoreCollector } from '../core_collector.ts'
import type { ConfTarget, KdumpConf } from '../kdump_conf_model.ts'
import { formatTarget } from '../parse_target.ts'
import { FormattedFile } from './formatted_file.ts'

/** Write settings in SUSE's dialect. */
export function formatSuse(settings: Settings): string {
  const { conf, load } = settings
  const file = new FormattedFile('/etc/sysconfig/kdump, written by kbox config convert', settings)
  formatTargets(file, conf)
  formatCollector(file, conf.coreCollector)
  file.assign('KDUMP_CONTINUE_ON_ERROR', conf.failureAction !== 'shell')
  if (conf.failureAction === 'shell' || conf.failureAction === 'reboot') file.said('failureAction')
  file.assign('KDUMP_IMMEDIATE_REBOOT', conf.finalAction !== 'halt')
  if (conf.finalAction !== 'poweroff') file.said('finalAction')
  file.assign('KDUMP_UPDATE_BOOTLOADER', conf.autoResetCrashkernel, 'autoResetCrashkernel')
  file.assign('KDUMP_SSH_IDENTITY', conf.sshKey, 'sshKey')
  if (conf.hooks.pre !== undefined) file.assign('KDUMP_PRESCRIPT', conf.hooks.pre)
  if (conf.hooks.post !== undefined) file.assign('KDUMP_POSTSCRIPT', conf.hooks.post)
  if (conf.hooks.emergency === undefined) file.said('hooks')
  if (conf.extraBins.length > 0)
    file.assign('KDUMP_REQUIRED_PROGRAMS', conf.extraBins.join(' '), 'extraBins')
  if (conf.linkTimeoutSeconds !== undefined)
    file.assign('KDUMP_NET_TIMEOUT', conf.linkTimeoutSeconds, 'linkTimeoutSeconds')
  const { count, bytes, ageDays } = conf.retention
  if (count !== undefined) file.assign('KDUMP_KEEP_OLD_DUMPS', count === 1 ? -1 : count - 1)
  if (bytes === undefined && ageDays === undefined) file.said('retention')
  file.assign('KDUMP_KERNELVER', load.kernel, 'kernel')
  if (load.cpus !== undefined) file.assign('KDUMP_CPUS', load.cpus, 'cpus')
  file.assign('KDUMP_COMMANDLINE', load.base, 'base')
  file.assign('KDUMP_COMMANDLINE_APPEND', load.extra, 'extra')
  if (load.fadumpAppend !== '')
    file.assign('FADUMP_COMMANDLINE_APPEND', load.fadumpAppend, 'fadumpAppend')
  file.assign('KEXEC_OPTIONS', load.kexecMode, 'kexecMode')
  return file.finish()
}

function formatTargets(file: FormattedFile, conf: KdumpConf): void {
  const [target, ...fallbacks] = conf.targets
  const savedir = target && formatSavedir(target, conf.path)
  if (savedir !== undefined) {
    file.assign('KDUMP_SAVEDIR', savedir, 'path', 'targets')
  }
  for (const fallback of savedir === undefined ? [] : fallbacks) {
    const text = fallback.kind === 'path' ? 'path' : formatTarget(fallback)
    file.comment(`no counterpart here: fallback ${text}`)
  }
}

function formatSavedir(target: ConfTarget, path: string): string | undefined {
  switch (target.kind) {
    case 'path':
      return path
    case 'nfs': {
      const host = target.server.includes(':') ? `[${target.server}]` : target.server
      // A folder below the export is part of the URL; mount options have no place there.
      return target.options === ''
        ? `nfs://${host}${target.export}${path === '/' ? '' : path}`
        : undefined
    }
    case 'ssh': {
      const host = target.host.includes(':') ? `[${target.host}]` : target.host
      return `sftp://${target.user}@${host}${target.port === 22 ? '' : `:${target.port}`}${path}`
    }
    default:
      return undefined
  }
}

const FORMAT: Readonly<Record<string, string>> = {
  zlib: 'compressed',
  lzo: 'lzo',
  snappy: 'snappy',
  zstd: 'zstd',
}

function formatCollector(file: FormattedFile, collector: CoreCollector): void {
  const { codec, format, dumpLevels, messageLevel, pageOrder, threads } = collector
  const isElf = format === 'elf' || codec === 'none'
  file.assign('KDUMP_DUMPFORMAT', isElf ? 'ELF' : (FORMAT[codec] ?? 'compressed'))
  if (format !== 'elf' && codec === 'none')
    file.comment('no counterpart here: a kdump file that is not compressed; ELF stands for it')
  file.assign('KDUMP_DUMPLEVEL', dumpLevels[0] ?? 31)
  file.assign('KDUMP_VERBOSE', ((messageLevel & 1) << 1) | (messageLevel & 8))
  const options = [
    ...(dumpLevels.length > 1 ? [`-d ${dumpLevels.join(',')}`] : []),
    ...(pageOrder === 'priority' ? [] : [`--page-order ${pageOrder}`]),
    ...(threads === undefined ? [] : [`--num-threads ${threads}`]),
  ]
  file.assign('MAKEDUMPFILE_OPTIONS', options.join(' '), 'coreCollector')
}
