// kdump.conf(5): what each directive may say and what it means. Wrong lines are told in kdumpctl's words, then with
// their place and remedy. Source: kdump-utils kdumpctl parse_config() and kdump.conf(5); RHEL 5-7 for the old ones.
import type { FailureAction, FinalAction } from '../capture/capture_config.ts'
import type { DeviceName } from '../target/find_filesystem.ts'
import { FILESYSTEM_TYPES, type FilesystemType } from '../target/superblock.ts'
import { DEFAULT_COLLECTOR, parseCoreCollector } from './core_collector.ts'
import { forEachConfLine, type ConfLine } from './kdump_conf_lexer.ts'
import type { KdumpConf } from './kdump_conf_model.ts'

/** Something wrong with one line. */
export interface ConfProblem {
  /** kdumpctl's own message where it has one. */
  readonly message: string
  readonly line: number
  readonly column: number
  /** The offending text. */
  readonly value: string
  readonly remedy: string
}

/** A configuration, or everything that is wrong with the file. */
export type ConfResult =
  | { readonly ok: true; readonly conf: KdumpConf; readonly warnings: readonly ConfProblem[] }
  | {
      readonly ok: false
      readonly errors: readonly ConfProblem[]
      readonly warnings: readonly ConfProblem[]
    }

const FAILURE_ACTIONS: readonly FailureAction[] = [
  'reboot',
  'halt',
  'poweroff',
  'shell',
  'dump_to_rootfs',
]
const FINAL_ACTIONS: readonly FinalAction[] = ['reboot', 'halt', 'poweroff']

/** Directives that decide where the dump goes or whether it is taken: ignoring one would lose dumps silently. */
const REFUSED: ReadonlySet<string> = new Set([
  ...['raw', 'minix', 'nfs', 'ssh', 'virtiofs', 'dracut_args'],
  ...['kdump_pre', 'kdump_post', 'kdump_emergency', 'fence_kdump_args', 'fence_kdump_nodes'],
])
/** Directives that change nothing about a dump on a local file system. */
const IGNORED: ReadonlySet<string> = new Set(['sshkey', 'auto_reset_crashkernel', 'extra_bins'])
const DEPRECATED: ReadonlySet<string> = new Set([
  'net',
  'options',
  'link_delay',
  'debug_mem_level',
  'blacklist',
])
const OTHER_TARGETS: ReadonlySet<string> = new Set(['raw', 'minix', 'nfs', 'ssh', 'virtiofs'])

type Mutable<T> = { -readonly [key in keyof T]: T[key] }

/** The state of a parse: what was said so far and what was wrong with it. */
interface Context {
  readonly conf: Mutable<KdumpConf>
  readonly errors: ConfProblem[]
  readonly warnings: ConfProblem[]
  /** Option, under its modern name, to the line that set it. */
  readonly seen: Map<string, number>
}

/** Parse kdump.conf. All its problems are collected; nothing is thrown. */
export function parseKdumpConf(text: string): ConfResult {
  const conf: Mutable<KdumpConf> = {
    targets: [{ kind: 'path' }],
    path: '/var/crash',
    sshKey: '/root/.ssh/kdump_id_rsa',
    coreCollector: DEFAULT_COLLECTOR,
    failureAction: 'reboot',
    finalAction: 'reboot',
    hooks: { pre: undefined, post: undefined, emergency: undefined },
    extraModules: [],
    extraBins: [],
    omitModules: [],
    moduleOptions: [],
    deviceTimeoutSeconds: undefined,
    linkTimeoutSeconds: undefined,
    forceRebuild: false,
    forceNoRebuild: false,
    autoResetCrashkernel: true,
    initramfs: 'auto',
    dracutArgs: '',
    fenceKdumpArgs: '',
    fenceKdumpNodes: [],
  }
  const context: Context = { conf, errors: [], warnings: [], seen: new Map() }
  for (const line of forEachConfLine(text)) {
    if (line.cutAtHash) {
      const remedy = "kdump.conf has no way to write a '#' in a value; put a blank before a comment"
      context.warnings.push(
        problem(line, `The value of option '${line.option}' ends at '#'`, remedy),
      )
    }
    if (checkOnce(context, line)) applyLine(context, line)
  }
  checkForceFlags(context)
  const { errors, warnings } = context
  return errors.length > 0 ? { ok: false, errors, warnings } : { ok: true, conf, warnings }
}

/** Format a problem's place, text and remedy, the line that follows its message. */
export function formatProblemPlace(
  file: string,
  { line, column, value, remedy }: ConfProblem,
): string {
  return `  ${file}:${line}:${column}: ${value === '' ? '' : `'${value}': `}${remedy}`
}

function checkOnce({ seen, errors }: Context, line: ConfLine): boolean {
  const { option } = line
  const isTarget = isFilesystem(option) || OTHER_TARGETS.has(option)
  const key = isTarget ? '(target)' : option === 'default' ? 'failure_action' : option
  const before = seen.get(key)
  if (before === undefined) {
    seen.set(key, line.line)
    return true
  }
  const message = isTarget
    ? 'More than one dump targets specified'
    : `Duplicated kdump config value of option ${key}`
  errors.push(problem(line, message, `line ${before} has set it already: keep one of them`))
  return false
}

function applyLine(context: Context, line: ConfLine): void {
  const { option, value } = line
  const { errors, warnings } = context
  if (DEPRECATED.has(option)) {
    errors.push(problem(line, deprecatedMessage(option), deprecatedRemedy(line)))
  } else if (!isKnown(option)) {
    errors.push(problem(line, `Invalid kdump config option ${option}`, unknownRemedy(option)))
  } else if (value === '') {
    const remedy = `write a value after '${option}', or remove the line`
    errors.push(problem(line, `Invalid kdump config value for option '${option}'`, remedy))
  } else if (REFUSED.has(option)) {
    const remedy = 'remove the line; dumps would not be what it asks for'
    errors.push(problem(line, `not supported yet: option '${option}'`, remedy))
  } else if (IGNORED.has(option)) {
    warnings.push(
      problem(
        line,
        `not supported yet: option '${option}' is ignored`,
        'it changes nothing about this dump',
      ),
    )
  } else if (isFilesystem(option)) {
    setFilesystem(context, line, option)
  } else {
    SETTERS[option]?.(context, line)
  }
}

type Setter = (context: Context, line: ConfLine) => void

const SETTERS: Readonly<Record<string, Setter>> = {
  path({ conf, errors }, line) {
    if (line.value.split('/').includes('..')) {
      errors.push(
        problem(line, "Invalid kdump config value for option 'path'", "write a path without '..'"),
      )
      return
    }
    conf.path = line.value.startsWith('/') ? line.value : `/${line.value}`
  },
  core_collector({ conf, errors, warnings }, line) {
    const at = (index: number, value: string): ConfLine => ({
      ...line,
      value,
      valueColumn: line.valueColumn + index,
    })
    const result = parseCoreCollector(line.value)
    if (!result.ok) {
      const { index, value, what, remedy } = result.problem
      errors.push(
        valueProblem(at(index, value), `makedumpfile parameter check failed: ${what}`, remedy),
      )
      return
    }
    conf.coreCollector = result.collector
    for (const { index, value, what, remedy } of result.warnings)
      warnings.push(valueProblem(at(index, value), what, remedy))
  },
  failure_action: setFailureAction,
  default(context, line) {
    const message =
      "Option 'default' was renamed 'failure_action' and will be removed in the future."
    context.warnings.push(
      problem(
        line,
        message,
        "Please update /etc/kdump.conf to use option 'failure_action' instead.",
      ),
    )
    setFailureAction(context, line)
  },
  final_action({ conf, errors }, line) {
    const action = FINAL_ACTIONS.find((candidate) => candidate === line.value)
    if (action) conf.finalAction = action
    else
      errors.push(
        valueProblem(
          line,
          `Usage kdump.conf: final_action {${FINAL_ACTIONS.join('|')}}`,
          oneOf(FINAL_ACTIONS),
        ),
      )
  },
  force_rebuild(context, line) {
    context.conf.forceRebuild = readFlag(context, line)
  },
  force_no_rebuild(context, line) {
    context.conf.forceNoRebuild = readFlag(context, line)
  },
  extra_modules({ conf }, line) {
    conf.extraModules = line.value.split(/\s+/)
  },
  disk_timeout({ conf, errors, warnings }, line) {
    if (!/^\d{1,5}$/.test(line.value)) {
      errors.push(
        valueProblem(
          line,
          "Invalid kdump config value for option 'disk_timeout'",
          'write a number of seconds',
        ),
      )
      return
    }
    conf.deviceTimeoutSeconds = Number(line.value)
    warnings.push(
      problem(
        line,
        deprecatedMessage('disk_timeout'),
        'understood as the time to wait for the target',
      ),
    )
  },
}

function setFailureAction({ conf, errors }: Context, line: ConfLine): void {
  const action = FAILURE_ACTIONS.find((candidate) => candidate === line.value)
  if (action) {
    conf.failureAction = action
    return
  }
  errors.push(
    valueProblem(
      line,
      `Usage kdump.conf: failure_action {${FAILURE_ACTIONS.join('|')}}`,
      oneOf(FAILURE_ACTIONS),
    ),
  )
}

function setFilesystem({ conf, errors }: Context, line: ConfLine, fstype: FilesystemType): void {
  const device = parseDeviceName(line.value)
  if (device) {
    conf.targets = [{ kind: 'filesystem', fstype, device, line: line.line }]
    return
  }
  const remedy = `write '${fstype} /dev/NAME', '${fstype} UUID=…' or '${fstype} LABEL=…'`
  errors.push(valueProblem(line, `Invalid kdump config value for option '${fstype}'`, remedy))
}

/** Parse a device as kdump.conf names it; undefined when it is none of the forms. */
export function parseDeviceName(value: string): DeviceName | undefined {
  const [, tag = '', quoted = ''] = /^(\w+)=(.+)$/.exec(value) ?? []
  const name = quoted.replace(/^"(.*)"$/, '$1')
  if (/\s/.test(value) && tag !== 'LABEL') return undefined
  if (tag === 'UUID') return { by: 'uuid', uuid: name.toLowerCase() }
  if (tag === 'LABEL') return { by: 'label', label: name }
  if (tag === 'PARTUUID' || tag === 'PARTLABEL')
    return { by: 'node', node: `/dev/disk/by-${tag.toLowerCase()}/${name}` }
  return value.startsWith('/dev/') ? { by: 'node', node: value } : undefined
}

function readFlag({ errors }: Context, line: ConfLine): boolean {
  if (line.value !== '0' && line.value !== '1') {
    errors.push(valueProblem(line, `Error: ${line.option} value is invalid`, 'write 0 or 1'))
  }
  return line.value === '1'
}

function checkForceFlags({ conf, seen, errors }: Context): void {
  if (!conf.forceRebuild || !conf.forceNoRebuild) return
  const rebuild = seen.get('force_rebuild') ?? 0
  const noRebuild = seen.get('force_no_rebuild') ?? 0
  errors.push({
    message: 'Error: force_rebuild and force_no_rebuild are enabled simultaneously in kdump.conf',
    line: Math.max(rebuild, noRebuild),
    column: 1,
    value: '',
    remedy: `keep one of line ${rebuild} and line ${noRebuild}`,
  })
}

function isFilesystem(option: string): option is FilesystemType {
  return FILESYSTEM_TYPES.some((fstype) => fstype === option)
}

function isKnown(option: string): boolean {
  return (
    isFilesystem(option) ||
    REFUSED.has(option) ||
    IGNORED.has(option) ||
    Object.hasOwn(SETTERS, option)
  )
}

function deprecatedMessage(option: string): string {
  return `Deprecated kdump config option: ${option}. Refer to kdump.conf manpage for alternatives.`
}

function deprecatedRemedy({ option, value }: ConfLine): string {
  if (option === 'net')
    return value.includes('@') ? "write 'ssh user@host'" : "write 'nfs host:/export'"
  return 'remove the line'
}

function unknownRemedy(option: string): string {
  const known = [...FILESYSTEM_TYPES, ...REFUSED, ...IGNORED, ...Object.keys(SETTERS)]
  const near = known.find((candidate) => editDistance(candidate, option) <= 2)
  return near ? `did you mean '${near}'?` : 'remove the line; kdump.conf(5) lists the options'
}

/** Levenshtein distance; options are short, so the plain table will do. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const swap = (row[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(swap, (row[j] as number) + 1, (next[j - 1] as number) + 1))
    }
    row = next
  }
  return row[b.length] as number
}

const oneOf = (values: readonly string[]): string => `write one of ${values.join(', ')}`

function problem(line: ConfLine, message: string, remedy: string): ConfProblem {
  return { message, line: line.line, column: line.optionColumn, value: line.option, remedy }
}

function valueProblem(line: ConfLine, message: string, remedy: string): ConfProblem {
  return { message, line: line.line, column: line.valueColumn, value: line.value, remedy }
}
