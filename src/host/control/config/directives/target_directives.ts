// Directives that say where dumps go: file systems, raw, nfs, ssh, virtiofs; ours: http and fallback; and RHEL's old net.
// Source: kdump.conf(5); RHEL 5 and 6 for net and nfs4.
import { FILESYSTEM_TYPES } from '../../../target/superblock.ts'
import type { ConfLine } from '../kdump_conf_lexer.ts'
import type { ConfTarget } from '../kdump_conf_model.ts'
import {
  parseDeviceName,
  parseHttpTarget,
  parseNfsTarget,
  parseSshTarget,
  type TargetOf,
} from '../parse_target.ts'
import {
  claimKey,
  type ConfReading,
  type Directive,
  refuseValue,
  TARGET_KEY,
  valueWord,
  warnDeprecated,
} from './directive.ts'

type Unplaced =
  | TargetOf<'filesystem'>
  | TargetOf<'raw'>
  | TargetOf<'nfs'>
  | TargetOf<'ssh'>
  | TargetOf<'http'>

/** How one kind of target is written. */
interface TargetSyntax {
  readonly name: string
  readonly origin: 'kdump' | 'kbox'
  readonly value: string
  readonly summary: string
  /** What a good value looks like. */
  readonly remedy: string
  /** kdumpctl's message for a bad one, where it has one of its own. */
  readonly message?: (value: string) => string
  /** Undefined for a value that is none. */
  readonly parse: (value: string) => Unplaced | undefined
}

const DEVICE = 'DEVICE|LABEL=…|UUID=…'

const SYNTAXES: readonly TargetSyntax[] = [
  ...FILESYSTEM_TYPES.map((fstype): TargetSyntax => ({
    name: fstype,
    origin: 'kdump',
    value: DEVICE,
    summary: `a directory of an ${fstype} file system`,
    remedy: `write '${fstype} /dev/NAME', '${fstype} UUID=…' or '${fstype} LABEL=…'`,
    parse: (value) => {
      const device = parseDeviceName(value)
      return device && { kind: 'filesystem', fstype, device }
    },
  })),
  {
    name: 'raw',
    origin: 'kdump',
    value: 'DEVICE',
    summary: 'a disk or partition without a file system; the next start recovers the dump',
    remedy: "write 'raw /dev/NAME'; what the device holds is overwritten",
    parse: (value) => {
      const device = parseDeviceName(value)
      return device && { kind: 'raw', device }
    },
  },
  {
    name: 'nfs',
    origin: 'kdump',
    value: 'HOST:/EXPORT',
    summary: 'a directory exported by an NFS server, version 4 or 3; ours: mount options behind it',
    remedy: "write 'nfs host:/export' or 'nfs [2001:db8::1]:/export'",
    parse: (value) => parseNfsTarget(value),
  },
  {
    name: 'ssh',
    origin: 'kdump',
    value: 'USER@HOST',
    summary: 'a directory behind an SSH server; ours: USER@HOST:PORT',
    remedy:
      "Please verify that /etc/kdump.conf contains 'ssh <user>@<host>' and that it is properly formatted.",
    message: (value) => `Invalid ssh destination ${value} provided.`,
    parse: parseSshTarget,
  },
  {
    name: 'http',
    origin: 'kbox',
    value: 'http[s]://HOST/FOLDER',
    summary: 'a server that takes files by PUT',
    remedy: "write 'http https://host/folder', without user, query or fragment; see 'http_token'",
    parse: (value) => parseHttpTarget(value),
  },
]

/** kdump's kinds of target that the capture kernel does not write to, and why. */
const REFUSED_TARGETS: readonly (readonly [name: string, why: string])[] = [
  ['minix', 'minix file systems have neither UUID nor journal: use ext4'],
  [
    'virtiofs',
    'a virtiofs daemon that stops answering hangs the capture kernel without a deadline: use nfs, ssh or a disk',
  ],
]

/** Set the target that dracut_args names. */
export function setMountTarget(reading: ConfReading, target: Unplaced, line: ConfLine): void {
  if (claimKey(reading, TARGET_KEY, line)) reading.target = { ...target, line: line.line }
}

function setTarget(reading: ConfReading, syntax: TargetSyntax, line: ConfLine): void {
  const parsed = syntax.parse(line.value)
  if (parsed) reading.target = { ...parsed, line: line.line }
  else if (!syntax.message) refuseValue(reading, line, syntax.remedy)
  else reading.builder.error(valueWord(line), syntax.message(line.value), syntax.remedy)
}

/** `net nfs host:/export` and `net ssh user@host` were never kdump's, but guides write them. */
function setNet(reading: ConfReading, line: ConfLine): void {
  const [, word = '', rest = line.value] = /^(?:(ssh|nfs)\s+)?(.*)$/s.exec(line.value) ?? []
  const name = word === '' ? (rest.includes('@') ? 'ssh' : 'nfs') : word
  const syntax = SYNTAXES.find((candidate) => candidate.name === name)
  const shift = line.value.length - rest.length
  const moved = { ...line, value: rest, valueColumn: line.valueColumn + shift }
  if (syntax) setTarget(reading, syntax, moved)
  const surplus = word === '' ? '' : `the word '${word}' after net is read over; `
  warnDeprecated(reading, line, `${surplus}understood as '${name} ${rest}': write that`)
}

function addFallback(reading: ConfReading, line: ConfLine): void {
  const target = parseFallback(reading, line)
  if (target) reading.fallbacks.push(target)
}

function parseFallback(reading: ConfReading, line: ConfLine): ConfTarget | undefined {
  if (line.value === 'path') return { kind: 'path' }
  const [, name = '', gap = '', value = ''] = /^(\S+)(\s*)(.*)$/s.exec(line.value) ?? []
  const syntax = SYNTAXES.find((candidate) => candidate.name === name)
  if (!syntax) {
    const names = SYNTAXES.map((candidate) => candidate.name).join(', ')
    refuseValue(reading, line, `write 'fallback' and a target (${names}) or 'fallback path'`)
    return undefined
  }
  const parsed = syntax.parse(value)
  if (parsed) return { ...parsed, line: line.line }
  const column = line.valueColumn + name.length + gap.length
  const message =
    syntax.message?.(value) ?? `Invalid kdump config value for option 'fallback ${name}'`
  reading.builder.error({ line: line.line, column, value }, message, syntax.remedy)
  return undefined
}

/** In the order of the documentation. */
export const TARGET_DIRECTIVES: readonly Directive[] = [
  ...SYNTAXES.map((syntax): Directive => ({
    ...{ name: syntax.name, origin: syntax.origin, key: TARGET_KEY },
    ...{ value: syntax.value, summary: syntax.summary },
    apply: (reading, line) => setTarget(reading, syntax, line),
  })),
  ...REFUSED_TARGETS.map(([name, why]): Directive => ({
    ...{ name, origin: 'kdump', value: '…', key: TARGET_KEY, summary: `refused: ${why}` },
    apply: ({ builder }, line) => {
      builder.error(valueWord(line), `not supported: option '${name}'`, why)
    },
  })),
  {
    ...{ name: 'fallback', origin: 'kbox', value: 'TARGET …', key: '' },
    summary: 'another target, tried when those before it failed; may be repeated',
    apply: addFallback,
  },
  {
    ...{ name: 'http_token', origin: 'kbox', value: 'FILE' },
    summary: 'file whose first line is the bearer token of http targets',
    apply: (reading, line) => {
      if (line.value.startsWith('/')) reading.tokenFile = line.value
      else refuseValue(reading, line, 'write an absolute path')
    },
  },
  {
    ...{ name: 'net', origin: 'old', value: 'HOST:/EXPORT|USER@HOST', key: TARGET_KEY },
    summary: 'nfs or ssh',
    apply: setNet,
  },
  {
    ...{ name: 'nfs4', origin: 'old', value: 'HOST:/EXPORT', key: TARGET_KEY },
    summary: 'nfs',
    apply: (reading, line) => {
      const parsed = parseNfsTarget(line.value)
      if (!parsed) {
        refuseValue(reading, line, "write 'nfs host:/export'")
        return
      }
      reading.target = { ...parsed, line: line.line }
      warnDeprecated(
        reading,
        line,
        `understood as 'nfs ${line.value}', which tries version 4 first`,
      )
    },
  },
]
