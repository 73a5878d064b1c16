// The capture kernel's command line, made from the running kernel's, with the reason of every word that is there or gone.
// Source: kdump-utils kdump-lib.sh prepare_cmdline() and its sysconfig per architecture.
import { HostError } from '../../../core/base/errors.ts'
import { readFact } from '../../platform/fact_tree.ts'
import {
  ADDED,
  ALWAYS_REMOVED,
  CMDLINE_MAX,
  IMAGE_ADDED,
  IMAGE_REMOVED,
  REMOVED,
  rowsFor,
  type AddedWord,
  type Machine,
  type RemovedKey,
} from './cmdline_tables.ts'
import type { LoadSettings } from '../config/load_settings.ts'
import { findPlatform, readPlatformFacts } from './platform_quirks.ts'
import { findWatchdogDrivers } from '../watchdog.ts'

/** The kernel puts `elfcorehdr=0x… ` in front: MAX_ELFCOREHDR_STR_LEN, and the NUL counts. */
const ELFCOREHDR_SIZE = 31

/** What a configured number of CPUs replaces. */
const CPU_KEYS: readonly string[] = ['nr_cpus', 'maxcpus']

/** How the running kernel's line becomes the capture kernel's. */
export interface CmdlineRules {
  /** Keys to drop; what follows a '=' is ignored. */
  readonly remove: readonly RemovedKey[]
  /** Words to add at the end. */
  readonly add: readonly AddedWord[]
  /** Words that a platform does not bear: dropped from both. With a '=', only that value. */
  readonly quirks?: readonly AddedWord[]
}

/** A word of either line and what became of it. */
export interface CmdlineWord {
  readonly word: string
  readonly fate: 'kept' | 'removed' | 'added'
  readonly reason: string
}

/** A command line and how it came about. */
export interface CaptureCmdline {
  readonly text: string
  /** The running line's words in order, then those added. */
  readonly words: readonly CmdlineWord[]
  /** Name of the platform, '' if it is not one we know. */
  readonly platform: string
}

/** Words that are added whatever the tables say. */
export interface MoreWords {
  /** What who made the image needs. */
  readonly image: string
  /** Asked for at the start or reload. */
  readonly asked: string
}

/**
 * Make the capture kernel's command line of a machine.
 *
 * @param root where proc/ and sys/ are found
 */
export function planCmdline(
  settings: LoadSettings,
  { image, asked }: MoreWords,
  root = '/',
): CaptureCmdline {
  const machine = readMachine(root)
  const running = settings.base === '' ? (readFact(root, 'proc/cmdline') ?? '') : settings.base
  const platform = findPlatform(readPlatformFacts(machine, root))
  const rules = cmdlineRules(machine, settings)
  const made = prepareCmdline(running, {
    remove: rules.remove,
    add: [
      ...rules.add,
      ...(platform?.add ?? []),
      ...reasoned(splitCmdline(settings.extra), 'configured for the capture kernel'),
      ...reasoned(splitCmdline(image), 'the capture image needs it'),
      ...reasoned(splitCmdline(asked), 'asked for at this start'),
      ...machineWords(machine, root),
    ],
    quirks: platform?.remove ?? [],
  })
  return { ...made, platform: platform?.name ?? '' }
}

/** The rules of an architecture, and what the administrator put in place of the tables. */
export function cmdlineRules(machine: Machine, settings: LoadSettings): CmdlineRules {
  const { remove, append, cpus } = settings
  const add =
    append === undefined
      ? rowsFor(ADDED, machine)
      : reasoned(splitCmdline(append), 'KDUMP_COMMANDLINE_APPEND has it')
  return {
    remove: [
      ...ALWAYS_REMOVED,
      ...IMAGE_REMOVED,
      ...(remove
        ? remove.map((key) => ({ key, reason: 'KDUMP_COMMANDLINE_REMOVE names it' }))
        : rowsFor(REMOVED, machine)),
    ],
    add: [
      ...(cpus === undefined ? add : add.filter(({ word }) => !CPU_KEYS.includes(keyOf(word)))),
      ...(cpus === undefined || cpus === 0
        ? []
        : [
            {
              word: `nr_cpus=${cpus}`,
              reason: 'the configuration gives the capture kernel so many',
            },
          ]),
      ...IMAGE_ADDED,
    ],
  }
}

/** Make a command line by rules. */
export function prepareCmdline(
  running: string,
  { remove, add, quirks = [] }: CmdlineRules,
): Omit<CaptureCmdline, 'platform'> {
  const removed = new Map(remove.map((row) => [keyOf(row.key), row.reason]))
  const words: CmdlineWord[] = []
  let isForInit = false
  for (const word of splitCmdline(running)) {
    isForInit ||= word === '--'
    const reason = isForInit
      ? "behind -- are arguments of init's"
      : (removed.get(keyOf(word)) ??
        findQuirk(quirks, word) ??
        (isEmpty(word) ? 'it is empty' : ''))
    words.push(
      reason === ''
        ? { word, fate: 'kept', reason: 'the running kernel has it' }
        : { word, fate: 'removed', reason },
    )
  }
  for (const { word, reason } of add) {
    const quirk = findQuirk(quirks, word)
    words.push(
      quirk === undefined
        ? { word, fate: 'added', reason }
        : { word, fate: 'removed', reason: quirk },
    )
  }
  const text = words.filter(({ fate }) => fate !== 'removed').map(({ word }) => word)
  return { text: text.join(' '), words }
}

/** Check the length. @param max the kernel's limit without the NUL @throws {HostError} if the kernel would refuse the line */
export function checkCmdlineLength(cmdline: string, max = CMDLINE_MAX.x86_64): void {
  const size = Buffer.byteLength(cmdline)
  const fits = max - ELFCOREHDR_SIZE
  if (size <= fits) return
  throw new HostError(
    `the capture kernel's command line has ${size} bytes, ${fits} fit: shorten this kernel's command line`,
    'E2BIG',
  )
}

/** Split at white space outside double quotes, as the kernel's next_arg() does. */
export function splitCmdline(cmdline: string): string[] {
  return Array.from(cmdline.matchAll(/(?:"[^"]*(?:"|$)|[^\s"])+/g), ([word]) => word)
}

/** Find the boot CPU's APIC id in /proc/cpuinfo, undefined where there is none (other architectures). */
export function findBootCpuApicId(cpuinfo: string): number | undefined {
  const [boot = ''] = cpuinfo.split('\n\n')
  const match = /^initial apicid\s*:\s*(\d+)$/m.exec(boot)
  return match ? Number(match[1]) : undefined
}

/** Read the machine's architecture as `uname -m` names it. @param root where proc/ is found */
export function readMachine(root = '/'): Machine {
  // Linux 6.1 and later say it; a copied tree may be of another machine than this one.
  const said = readFact(root, 'proc/sys/kernel/arch')
  const machine = said ?? NODE_ARCH[process.arch] ?? process.arch
  return /^i[3456]86$/.test(machine)
    ? 'i686'
    : machine in CMDLINE_MAX
      ? (machine as Machine)
      : 'x86_64'
}

const NODE_ARCH: Readonly<Record<string, string>> = {
  x64: 'x86_64',
  ia32: 'i686',
  arm64: 'aarch64',
  ppc64: 'ppc64le',
  s390x: 's390x',
  riscv64: 'riscv64',
  loong64: 'loongarch64',
}

/** What depends on this machine's parts: its boot CPU and its watchdogs. */
function machineWords(machine: Machine, root: string): AddedWord[] {
  const bootCpu =
    machine === 'x86_64' || machine === 'i686'
      ? findBootCpuApicId(readFact(root, 'proc/cpuinfo') ?? '')
      : undefined
  return tailWords(bootCpu, findWatchdogDrivers(root))
}

/** The end of the line: boot CPU, watchdogs, and what keeps systemd from guessing a root. */
export function tailWords(
  bootCpuApicId: number | undefined,
  watchdogDrivers: readonly string[],
): AddedWord[] {
  const words: AddedWord[] = []
  if (bootCpuApicId !== undefined) {
    words.push({
      word: `disable_cpu_apicid=${bootCpuApicId}`,
      reason:
        'the capture kernel may start on another CPU, and waking the boot CPU resets the machine',
    })
  }
  for (const driver of watchdogDrivers) {
    const reason = 'its pre-timeout would panic the capture kernel'
    words.push({ word: `${driver}.pretimeout=0`, reason })
    if (driver === 'hpwdt') words.push({ word: 'hpwdt.kdumptimeout=0', reason })
  }
  words.push({
    word: 'rd.systemd.gpt_auto=no',
    reason: 'no root is to be guessed from partition types',
  })
  return words
}

function reasoned(words: readonly string[], reason: string): AddedWord[] {
  return words.map((word) => ({ word, reason }))
}

function findQuirk(quirks: readonly AddedWord[], word: string): string | undefined {
  return quirks.find((quirk) => quirk.word === word || quirk.word === keyOf(word))?.reason
}

/** `foo=` says nothing, and some parameters take it for a value. */
function isEmpty(word: string): boolean {
  return /^[^=]+=$/.test(word)
}

function keyOf(word: string): string {
  const bare = word.startsWith('"') ? word.slice(1) : word
  const equals = bare.indexOf('=')
  return equals < 0 ? bare.replace(/"$/, '') : bare.slice(0, equals)
}
