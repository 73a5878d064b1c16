// SUSE's /etc/sysconfig/kdump. Source: kdump(5) of openSUSE/kdump, its kdump-read-config.sh and kdump-save.
import { ConfBuilder, type ConfResult } from '../conf_builder.ts'
import { DEFAULT_COLLECTOR } from '../core_collector.ts'
import type { ConfTarget } from '../kdump_conf_model.ts'
import { parseNfsTarget, parseSshTarget } from '../parse_target.ts'
import type { Dialect } from './dialect.ts'
import {
  type Explained,
  setCollector,
  setCount,
  setHook,
  setKexecMode,
  ShellVariables,
  type Variable,
} from './shell_variables.ts'
import { formatSuse } from './suse_format.ts'

const FILE = 'etc/sysconfig/kdump'
/** Where identity files without a path are looked for. */
const KEY_FOLDER = '/root/.ssh'

/** SUSE's dialect. */
export const suse: Dialect = {
  name: 'suse',
  file: FILE,
  sshKeys: ['id_rsa', 'id_dsa', 'id_ecdsa', 'id_ed25519'].map((name) => `${KEY_FOLDER}/${name}`),
  parse: parseSuse,
  format: formatSuse,
}

const MAIL = 'kbox sends no mail; kbox last --json tells of the last crash'
const EXPLAINED: Explained = {
  KDUMP_CRASHKERNEL: [['auto'], "'kbox reset-crashkernel' sets the reservation"],
  KDUMP_AUTO_RESIZE: [['false', 'no', '0'], 'the reservation is not made smaller at boot'],
  KDUMP_FADUMP_SHELL: [['false', 'no', '0'], 'firmware-assisted dumps are not taken by kbox'],
  KDUMP_FREE_DISK_SIZE: [['64'], 'kbox deletes no dump it has written: what fits is kept'],
  KDUMP_NETCONFIG: [['auto'], 'the network is set up as it is when the machine is armed'],
  KDUMP_SMTP_SERVER: [[], MAIL],
  KDUMP_SMTP_USER: [[], MAIL],
  KDUMP_SMTP_PASSWORD: [[], MAIL],
  KDUMP_NOTIFICATION_TO: [[], MAIL],
  KDUMP_NOTIFICATION_CC: [[], MAIL],
  KDUMPTOOL_FLAGS: [[], 'SUSE itself calls it deprecated'],
  KDUMP_COPY_KERNEL: [[], 'SUSE itself calls it deprecated'],
}

/** Options of makedumpfile by KDUMP_DUMPFORMAT; raw is `cat /proc/vmcore`. */
const FORMAT: Readonly<Record<string, string>> = {
  ELF: '-E',
  compressed: '-c',
  lzo: '-l',
  snappy: '-p',
  zstd: '-z',
  raw: '-E',
}

function parseSuse(text: string): ConfResult {
  const coreCollector = { ...DEFAULT_COLLECTOR, codec: 'zlib', messageLevel: 6 } as const
  const builder = new ConfBuilder({ sshKey: `${KEY_FOLDER}/id_rsa`, coreCollector })
  const variables = new ShellVariables(text, builder)
  setDump(builder, variables)
  setTarget(builder, variables)
  setLoading(builder, variables)
  setEnding(builder, variables)
  setRetention(builder, variables)
  setHostKey(builder, variables.find('KDUMP_HOST_KEY'))
  setIdentity(builder, variables.find('KDUMP_SSH_IDENTITY'))
  const bootloader = variables.flag('KDUMP_UPDATE_BOOTLOADER')
  if (bootloader) builder.set('autoResetCrashkernel', bootloader.isSet, bootloader)
  variables.explain(EXPLAINED)
  variables.tellUnknown(`/${FILE}`)
  return builder.result()
}

/** Old dumps, beside the newest: 0 keeps all, -1 none. */
function setRetention(builder: ConfBuilder, variables: ShellVariables): void {
  const old = variables.number('KDUMP_KEEP_OLD_DUMPS')
  if (old && old.number !== 0) setCount(builder, Math.max(0, old.number) + 1, old)
}

function setDump(builder: ConfBuilder, variables: ShellVariables): void {
  const level = variables.number('KDUMP_DUMPLEVEL')
  const format = variables.find('KDUMP_DUMPFORMAT')
  const verbose = variables.number('KDUMP_VERBOSE')
  const options = variables.find('MAKEDUMPFILE_OPTIONS')
  const cpus = variables.number('KDUMP_CPUS')
  const transfer = variables.find('KDUMP_TRANSFER')
  if (transfer)
    builder.error(transfer, 'KDUMP_TRANSFER is not supported', 'remove it: kbox writes the dump')
  if (format?.value === 'none') {
    const remedy = "write 'compressed'; the log is saved before the dump whatever becomes of that"
    builder.error(format, 'KDUMP_DUMPFORMAT none is not supported', remedy)
    return
  }
  const flag = FORMAT[format?.value ?? 'compressed']
  // makedumpfile's bits: errors and common messages, 1 progress, 8 debugging.
  const messages = 6 | ((verbose?.number ?? 0) & 2 ? 1 : 0) | ((verbose?.number ?? 0) & 8)
  if (format && flag === undefined) {
    const remedy = `write one of ${Object.keys(FORMAT).join(', ')}`
    builder.warn(format, `KDUMP_DUMPFORMAT invalid, using compressed`, remedy)
  }
  const dumpLevel = format?.value === 'raw' ? 0 : (level?.number ?? 31)
  const threads = cpus && cpus.number > 1 ? `--num-threads ${cpus.number}` : ''
  const all = `${flag ?? '-c'} --message-level ${messages} -d ${dumpLevel} ${threads} ${options?.value ?? ''}`
  const word = options ?? level ?? format ?? verbose ?? cpus
  if (word) setCollector(builder, all.trim(), word)
}

function setTarget(builder: ConfBuilder, variables: ShellVariables): void {
  const variable = variables.find('KDUMP_SAVEDIR')
  if (!variable) return
  const { value } = variable
  if (value.startsWith('/')) {
    setPath(builder, value, variable)
    return
  }
  const [, scheme = '', rest = ''] = /^([A-Za-z]+):\/\/(.*)$/s.exec(value) ?? []
  switch (scheme.toLowerCase()) {
    case 'file':
      setPath(builder, rest, variable)
      return
    case 'nfs': {
      const [, host = '', folder = ''] = /^([^/]+)(\/.*)$/s.exec(rest) ?? []
      const target = parseNfsTarget(`${host}:${folder}`)
      setRemote(builder, target && { ...target, line: variable.line }, '/', variable)
      return
    }
    case 'ssh':
    case 'scp':
    case 'sftp':
      setSsh(builder, rest, variable)
      return
    case 'ftp':
    case 'cifs':
    case 'smb': {
      const remedy = 'write nfs://, sftp:// or a folder; or use http in /etc/kdump.conf'
      builder.error(hideSecret(variable), `${scheme} targets are not supported`, remedy)
      return
    }
    default:
      refuseSavedir(builder, variable)
  }
}

function setSsh(builder: ConfBuilder, rest: string, variable: Variable): void {
  const [, user = 'root', password, host = '', folder = ''] =
    /^(?:([^:@/]+)(?::([^@/]*))?@)?([^/@]+)(\/.*)$/s.exec(rest) ?? []
  if (password !== undefined) {
    const remedy = "remove the password and log in with a key: 'kbox propagate' installs it"
    const message = 'KDUMP_SAVEDIR has a password, which would lie in the capture image'
    builder.error(hideSecret(variable), message, remedy)
    return
  }
  const target = parseSshTarget(`${user}@${host}`)
  setRemote(builder, target && { ...target, line: variable.line }, folder, variable)
}

function setRemote(
  builder: ConfBuilder,
  target: ConfTarget | undefined,
  folder: string,
  variable: Variable,
): void {
  if (!target) {
    refuseSavedir(builder, variable)
    return
  }
  builder.set('targets', [target], variable)
  setPath(builder, folder, variable)
}

function setPath(builder: ConfBuilder, folder: string, variable: Variable): void {
  if (!folder.startsWith('/') || folder.split('/').includes('..')) refuseSavedir(builder, variable)
  else builder.set('path', folder, variable)
}

function refuseSavedir(builder: ConfBuilder, variable: Variable): void {
  const shown = hideSecret(variable)
  const remedy = 'write /FOLDER, nfs://HOST/EXPORT or sftp://USER@HOST/FOLDER'
  builder.error(shown, `KDUMP_SAVEDIR (${shown.value}) is invalid`, remedy)
}

const hideSecret = (variable: Variable): Variable => ({
  ...variable,
  value: variable.value.replace(/:[^:@/]*@/, ':…@'),
})

function setLoading(builder: ConfBuilder, variables: ShellVariables): void {
  const kernel = variables.find('KDUMP_KERNELVER')
  if (kernel) builder.setLoad('kernel', kernel.value, kernel)
  const cpus = variables.number('KDUMP_CPUS')
  if (cpus && cpus.number >= 0) builder.setLoad('cpus', cpus.number, cpus)
  const base = variables.find('KDUMP_COMMANDLINE')
  if (base) builder.setLoad('base', base.value, base)
  const extra = variables.find('KDUMP_COMMANDLINE_APPEND')
  if (extra) builder.setLoad('extra', extra.value, extra)
  const fadumpAppend = variables.find('FADUMP_COMMANDLINE_APPEND')
  if (fadumpAppend) builder.setLoad('fadumpAppend', fadumpAppend.value, fadumpAppend)
  setKexecMode(builder, variables.find('KEXEC_OPTIONS'))
  const fadump = variables.flag('KDUMP_FADUMP')
  if (fadump?.isSet === true) {
    const remedy = 'set it to false: kbox takes dumps with kexec'
    builder.error(fadump, 'firmware-assisted dumps are not supported', remedy)
  }
}

function setEnding(builder: ConfBuilder, variables: ShellVariables): void {
  const goesOn = variables.flag('KDUMP_CONTINUE_ON_ERROR')
  if (goesOn) builder.set('failureAction', goesOn.isSet ? 'reboot' : 'shell', goesOn)
  const reboots = variables.flag('KDUMP_IMMEDIATE_REBOOT')
  if (reboots) {
    builder.set('finalAction', reboots.isSet ? 'reboot' : 'halt', reboots)
    if (!reboots.isSet) {
      const message = 'KDUMP_IMMEDIATE_REBOOT false is understood as final_action halt'
      builder.warn(reboots, message, 'SUSE would run a shell; nobody may be there to leave it')
    }
  }
  const programs = variables.find('KDUMP_REQUIRED_PROGRAMS')
  if (programs) builder.set('extraBins', programs.value.trim().split(/\s+/), programs)
  setHook(builder, 'pre', variables.find('KDUMP_PRESCRIPT'))
  setHook(builder, 'post', variables.find('KDUMP_POSTSCRIPT'))
  const network = variables.number('KDUMP_NET_TIMEOUT')
  if (network && network.number > 0) builder.set('linkTimeoutSeconds', network.number, network)
}

function setHostKey(builder: ConfBuilder, variable: Variable | undefined): void {
  if (!variable) return
  const remedy = "remove it: host keys come from known_hosts, where 'kbox propagate' puts them"
  if (variable.value === '*')
    builder.error(variable, 'a dump is not given to whoever answers: KDUMP_HOST_KEY is *', remedy)
  else builder.warn(variable, 'KDUMP_HOST_KEY has no effect here', remedy)
}

function setIdentity(builder: ConfBuilder, variable: Variable | undefined): void {
  if (!variable) return
  const [first = '', ...others] = variable.value.trim().split(/\s+/)
  builder.set('sshKey', first.startsWith('/') ? first : `${KEY_FOLDER}/${first}`, variable)
  if (others.length > 0)
    builder.warn(variable, `of KDUMP_SSH_IDENTITY only ${first} is used`, 'put the right key first')
}
