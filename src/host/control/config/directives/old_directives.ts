// dracut_args, and directives of RHEL 5 to 8 that kdumpctl refuses today. They say something that mattered to whoever
// wrote them, so each is acted on as far as kbox has the thing it was about.
import { splitArguments } from '../split_arguments.ts'
import type { ConfLine } from '../kdump_conf_lexer.ts'
import { parseDeviceName, parseNfsTarget, type TargetOf } from '../parse_target.ts'
import { FILESYSTEM_TYPES } from '../../../target/superblock.ts'
import {
  type ConfReading,
  type Directive,
  refuseValue,
  valueWord,
  warnDeprecated,
} from './directive.ts'
import { setMountTarget } from './target_directives.ts'

const SECONDS_MAX = 86_400

/** Find the values of --mount in arguments for dracut; undefined where quotes are not closed. */
export function findMountArguments(dracutArgs: string): readonly string[] | undefined {
  const words = splitArguments(dracutArgs)
  return words?.flatMap(({ text }, at) => {
    if (text === '--mount') return [words[at + 1]?.text ?? '']
    return text.startsWith('--mount=') ? [text.slice('--mount='.length)] : []
  })
}

function setDracutArgs(reading: ConfReading, line: ConfLine): void {
  const { builder } = reading
  const mounts = findMountArguments(line.value)
  if (!mounts) {
    refuseValue(reading, line, 'close the quotes')
    return
  }
  builder.set('dracutArgs', line.value, valueWord(line))
  const [mount, second] = mounts
  if (second !== undefined) {
    const message = 'Multiple mount targets specified in one "dracut_args".'
    builder.error(valueWord(line), message, 'keep one --mount')
  } else if (mount !== undefined) setMount(reading, mount, line)
}

/** `--mount "DEVICE MOUNTPOINT FSTYPE [OPTIONS…]"` names the target. */
function setMount(reading: ConfReading, text: string, line: ConfLine): void {
  const [device = '', , fstype = '', options = ''] = text.trim().split(/\s+/)
  const target = mountTarget(device, fstype, options)
  if (!target) {
    const known = [...FILESYSTEM_TYPES, 'nfs'].join(', ')
    refuseValue(
      reading,
      line,
      `write --mount "DEVICE MOUNTPOINT FSTYPE OPTIONS" with a type of ${known}`,
    )
    return
  }
  setMountTarget(reading, target, line)
}

/** Mount options that kdump drops: what they name is found anew. */
const FOUND_ANEW = /^(?:addr|mountaddr|proto|mountproto|clientaddr)=/

function mountTarget(
  source: string,
  fstype: string,
  options: string,
): TargetOf<'filesystem'> | TargetOf<'nfs'> | undefined {
  if (fstype === 'nfs' || fstype === 'nfs4') {
    const kept = options
      .split(',')
      .filter((word) => word !== '' && word !== 'defaults' && !FOUND_ANEW.test(word))
    return parseNfsTarget(source, kept.join(','))
  }
  const known = FILESYSTEM_TYPES.find((candidate) => candidate === fstype)
  const device = parseDeviceName(source)
  return known && device && { kind: 'filesystem', fstype: known, device }
}

/** A number of seconds that something may take. */
const seconds = (
  name: string,
  member: 'deviceTimeoutSeconds' | 'linkTimeoutSeconds',
  what: string,
): Directive => ({
  ...{ name, origin: 'old', value: 'SECONDS', summary: what },
  apply(reading, line) {
    const count = /^\d{1,6}$/.test(line.value) ? Number(line.value) : -1
    if (count < 0 || count > SECONDS_MAX) {
      refuseValue(reading, line, `write a number of seconds from 1 to ${SECONDS_MAX}`)
      return
    }
    // Not to wait at all would lose the dumps of disks and links that take a moment.
    if (count > 0) reading.builder.set(member, count, valueWord(line))
    warnDeprecated(
      reading,
      line,
      count > 0 ? `understood as ${what}` : `0 is read over: ${what} keeps its default`,
    )
  },
})

function addModuleOptions(reading: ConfReading, line: ConfLine): void {
  const { builder } = reading
  const [module = '', ...options] = line.value.split(/\s+/)
  if (options.length === 0) {
    refuseValue(reading, line, "write 'options MODULE NAME=VALUE…'")
    return
  }
  const added = options.map((option) => `${module}.${option}`)
  builder.set('moduleOptions', [...builder.conf.moduleOptions, ...added], valueWord(line))
  const modern = `KDUMP_COMMANDLINE_APPEND="${added.join(' ')}" in /etc/sysconfig/kdump`
  warnDeprecated(reading, line, `understood; kdump-utils wants ${modern}`)
}

function addBlacklist(reading: ConfReading, line: ConfLine): void {
  const { builder } = reading
  const added = line.value.split(/[\s,]+/).filter((word) => word !== '')
  builder.set('omitModules', [...builder.conf.omitModules, ...added], valueWord(line))
  const modern = `rd.driver.blacklist=${added.join(',')} in KDUMP_COMMANDLINE_APPEND of /etc/sysconfig/kdump`
  warnDeprecated(reading, line, `understood; kdump-utils wants ${modern}`)
}

function setMemoryDebug(reading: ConfReading, line: ConfLine): void {
  if (!/^[0-3]$/.test(line.value)) {
    refuseValue(reading, line, 'write 0, 1, 2 or 3')
    return
  }
  reading.builder.set('memoryDebugLevel', Number(line.value), valueWord(line))
  const remedy = `understood as rd.memdebug=${line.value}; kbox.json notes free memory at every step`
  warnDeprecated(reading, line, remedy)
}

/** dracut_args and what is past. */
export const OLD_DIRECTIVES: readonly Directive[] = [
  {
    ...{ name: 'dracut_args', origin: 'kdump', value: 'ARGUMENTS' },
    summary: 'arguments for dracut, where it makes the image; --mount names the target',
    apply: setDracutArgs,
  },
  seconds(
    'disk_timeout',
    'deviceTimeoutSeconds',
    "the time to wait for the target's device or server",
  ),
  seconds('link_delay', 'linkTimeoutSeconds', 'the time a network link may take'),
  {
    ...{ name: 'options', origin: 'old', value: 'MODULE OPTION…', key: '' },
    summary: 'options of a kernel module; may be repeated',
    apply: addModuleOptions,
  },
  {
    ...{ name: 'blacklist', origin: 'old', value: 'MODULE…', key: '' },
    summary: 'kernel modules that are not loaded; may be repeated',
    apply: addBlacklist,
  },
  {
    ...{ name: 'debug_mem_level', origin: 'old', value: '0-3' },
    summary: "rd.memdebug= on the capture kernel's command line",
    apply: setMemoryDebug,
  },
  {
    ...{ name: 'override_resettable', origin: 'old', value: '0|1' },
    summary: 'nothing: no driver needs it any more',
    apply: (reading, line) => {
      if (line.value === '0' || line.value === '1')
        warnDeprecated(reading, line, 'it was about cciss and hpsa disks: remove the line')
      else refuseValue(reading, line, 'write 0 or 1, or remove the line')
    },
  },
]
