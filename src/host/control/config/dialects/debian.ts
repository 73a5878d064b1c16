// Debian's and Ubuntu's /etc/default/kdump-tools. Source: kdump-tools(5) and kdump-config of kdump-tools 1.10.
import type { FailureAction } from '../../../capture/capture_config.ts'
import { ConfBuilder, type ConfResult, type Settings } from '../conf_builder.ts'
import { DEFAULT_COLLECTOR } from '../core_collector.ts'
import { type ConfTarget, DEFAULT_CONF, type KdumpConf } from '../kdump_conf_model.ts'
import { formatTarget, parseNfsTarget, parseSshTarget } from '../parse_target.ts'
import type { Dialect } from './dialect.ts'
import { FormattedFile } from './formatted_file.ts'
import {
  collectorOptions,
  type Explained,
  setCollector,
  setCount,
  setKexecMode,
  ShellVariables,
  type Variable,
} from './shell_variables.ts'

const FILE = 'etc/default/kdump-tools'

/** Debian's dialect. */
export const debian: Dialect = {
  name: 'debian',
  file: FILE,
  sshKeys: [DEFAULT_CONF.sshKey],
  parse: parseDebian,
  format: formatDebian,
}

const FTP = 'FTP targets are not supported'
const EXPLAINED: Explained = {
  KDUMP_INITRD: [['/var/lib/kdump/initrd.img'], 'kbox builds an image of its own'],
  KDUMP_DUMP_DMESG: [['1'], 'the log is always saved, before the dump'],
  KDUMP_COMPRESSION: [[], 'a dump is compressed page by page, by MAKEDUMP_ARGS'],
  HOSTTAG: [['ip'], 'folders begin with our address'],
  NFS_MOUNT_RETRY: [[], 'mounting is tried until the time for the target is up'],
  SSH_KDUMP_RETRY: [[], 'connecting is tried until the time for the target is up'],
  FTP_USER: [[], FTP],
  FTP_PASSWORD: [[], FTP],
  FTP_PORT: [['21'], FTP],
}

/** kdump-config keeps links to the running kernel there. */
const LINKED_KERNEL = '/var/lib/kdump/vmlinuz'
/** Boots Debian's own recorder in the real root file system; kbox has none. */
const OWN_UNIT = /^systemd\.unit=/

function parseDebian(text: string): ConfResult {
  const builder = new ConfBuilder({ coreCollector: { ...DEFAULT_COLLECTOR, codec: 'zlib' } })
  const variables = new ShellVariables(text, builder)
  const use = variables.flag('USE_KDUMP')
  if (use?.isSet === false)
    builder.error(use, 'USE_KDUMP is 0: this machine is not to take dumps', 'write USE_KDUMP=1')
  const options = variables.find('MAKEDUMP_ARGS')
  if (options) setCollector(builder, options.value, options)
  setTargets(builder, variables)
  setFailure(builder, variables.find('KDUMP_FAIL_CMD'))
  const kept = variables.number('KDUMP_NUM_DUMPS')
  if (kept && kept.number > 0) setCount(builder, kept.number, kept)
  setLoading(builder, variables)
  variables.explain(EXPLAINED)
  variables.tellUnknown(`/${FILE}`)
  return builder.result()
}

function setTargets(builder: ConfBuilder, variables: ShellVariables): void {
  const ftp = variables.find('FTP')
  if (ftp) builder.error(ftp, FTP, 'use NFS or SSH; or http in /etc/kdump.conf')
  const folder = variables.find('KDUMP_COREDIR')
  if (folder) {
    if (folder.value.startsWith('/') && !folder.value.split('/').includes('..'))
      builder.set('path', folder.value, folder)
    else builder.error(folder, 'KDUMP_COREDIR is no absolute path', 'write a path without ..')
  }
  const key = variables.find('SSH_KEY')
  if (key) builder.set('sshKey', key.value, key)
  const ssh = variables.find('SSH')
  const nfs = variables.find('NFS')
  const targets: ConfTarget[] = []
  if (ssh) {
    const target = parseSshTarget(ssh.value)
    if (target) targets.push({ ...target, line: ssh.line })
    else builder.error(ssh, 'SSH is no user@host', "write SSH='user@host'")
  }
  if (nfs) {
    const target = parseNfsTarget(nfs.value, nfsOptions(variables))
    if (target) targets.push({ ...target, line: nfs.line })
    else builder.error(nfs, 'NFS is no host:/export', "write NFS='host:/export'")
  }
  const word = ssh ?? nfs
  if (!word || targets.length === 0) return
  builder.set('targets', targets, word)
  // kdump-config mounts the export at KDUMP_COREDIR: dumps lie at its top.
  if (!ssh && nfs) builder.set('path', '/', nfs)
  if (ssh && nfs) {
    const remedy = `the dump goes to SSH, to NFS only if that fails, below ${builder.conf.path} in each`
    builder.warn(nfs, 'SSH and NFS are tried in turn', remedy)
  }
}

function nfsOptions(variables: ShellVariables): string {
  const timeo = variables.number('NFS_TIMEO')
  const retrans = variables.number('NFS_RETRANS')
  return [
    ...(timeo ? [`timeo=${timeo.number}`] : []),
    ...(retrans ? [`retrans=${retrans.number}`] : []),
  ].join(',')
}

/** The commands that people write, and the action that is the same. */
const FAILURES: readonly (readonly [pattern: RegExp, action: FailureAction])[] = [
  [/(?:^|[;&|\s/])(?:bash|sh|dash|sulogin|ash)\s*(?:$|[;&|])/, 'shell'],
  [/^(?:\/\S*\/)?reboot\b[^;&|]*$/, 'reboot'],
  [/^(?:\/\S*\/)?poweroff\b[^;&|]*$/, 'poweroff'],
  [/^(?:\/\S*\/)?halt\b[^;&|]*$/, 'halt'],
]

function setFailure(builder: ConfBuilder, variable: Variable | undefined): void {
  if (!variable) return
  const found = FAILURES.find(([pattern]) => pattern.test(variable.value.trim()))
  if (found) {
    builder.set('failureAction', found[1], variable)
    return
  }
  const remedy = 'write reboot -f, poweroff -f, halt -f or /bin/bash; or a kdump_emergency program'
  builder.error(variable, 'KDUMP_FAIL_CMD is no command that kbox has an action for', remedy)
}

function setLoading(builder: ConfBuilder, variables: ShellVariables): void {
  const kernel = variables.find('KDUMP_KERNEL')
  if (kernel && kernel.value !== LINKED_KERNEL) builder.setLoad('kernel', kernel.value, kernel)
  const base = variables.find('KDUMP_CMDLINE')
  if (base) builder.setLoad('base', base.value, base)
  const append = variables.find('KDUMP_CMDLINE_APPEND')
  if (append) {
    const words = append.value.split(/\s+/).filter((word) => word !== '' && !OWN_UNIT.test(word))
    builder.setLoad('append', words.join(' '), append)
  }
  setKexecMode(builder, variables.find('KDUMP_KEXEC_ARGS'))
}

function formatDebian(settings: Settings): string {
  const { conf, load } = settings
  const file = new FormattedFile(
    '/etc/default/kdump-tools, written by kbox config convert',
    settings,
  )
  file.assign('USE_KDUMP', 1)
  formatTargets(file, conf)
  file.assign('MAKEDUMP_ARGS', collectorOptions(conf.coreCollector), 'coreCollector')
  const { failureAction } = conf
  if (failureAction === 'shell')
    file.assign('KDUMP_FAIL_CMD', '/bin/bash; reboot -f', 'failureAction')
  else if (failureAction !== 'dump_to_rootfs')
    file.assign('KDUMP_FAIL_CMD', `${failureAction} -f`, 'failureAction')
  const { count, bytes, ageDays } = conf.retention
  if (count !== undefined) file.assign('KDUMP_NUM_DUMPS', count)
  if (bytes === undefined && ageDays === undefined) file.said('retention')
  file.assign('KDUMP_KERNEL', load.kernel === '' ? LINKED_KERNEL : load.kernel, 'kernel')
  file.assign('KDUMP_CMDLINE', load.base, 'base')
  if (load.append !== undefined) file.assign('KDUMP_CMDLINE_APPEND', load.append, 'append')
  file.assign('KDUMP_KEXEC_ARGS', load.kexecMode, 'kexecMode')
  return file.finish()
}

function formatTargets(file: FormattedFile, conf: KdumpConf): void {
  const [first, second, ...more] = conf.targets
  const ssh = first?.kind === 'ssh' ? first : undefined
  const nfs = [ssh ? second : first].find((target) => target?.kind === 'nfs')
  // Options other than these two have no variable.
  const [, timeo, retrans] = /^(?:timeo=(\d+))?,?(?:retrans=(\d+))?$/.exec(nfs?.options ?? '') ?? []
  file.assign('KDUMP_COREDIR', conf.path)
  if (nfs && !ssh && conf.path !== '/')
    file.comment(`no counterpart here: path ${conf.path} below the NFS export`)
  else file.said('path')
  if (ssh) {
    file.assign('SSH', formatTarget(ssh).slice('ssh '.length))
    file.assign('SSH_KEY', conf.sshKey, 'sshKey')
  }
  if (nfs?.kind === 'nfs') {
    file.assign('NFS', formatTarget({ ...nfs, options: '' }).slice('nfs '.length))
    if (nfs.options !== '' && timeo === undefined && retrans === undefined)
      file.comment(`no counterpart here: NFS mount options ${nfs.options}`)
    if (timeo !== undefined) file.assign('NFS_TIMEO', timeo)
    if (retrans !== undefined) file.assign('NFS_RETRANS', retrans)
  }
  const saidCount = (ssh ? 1 : 0) + (nfs ? 1 : 0)
  const isLocal = first?.kind === 'path' && second === undefined
  if (isLocal || (saidCount === conf.targets.length && more.length === 0)) file.said('targets')
}
