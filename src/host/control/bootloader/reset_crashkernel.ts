// kdumpctl's reset-crashkernel as a plan: which entries get which crashkernel=, and what the boot loader does for it.
// Source: kdump-utils kdumpctl reset_crashkernel(), _update_crashkernel(), reset_crashkernel_for_installed_kernel().
import { HostError, UsageError } from '../../../core/base/errors.ts'
import { bytesFor, defaultCrashkernel, type DumpMode } from '../crashkernel/default_value.ts'
import { kernelKind } from '../crashkernel/kernel_kind.ts'
import { isKnownDefault } from '../crashkernel/known_default.ts'
import type { CrashkernelFacts } from '../crashkernel/machine_facts.ts'
import { parseCrashkernel, ZERO_BYTES } from '../crashkernel/parse_crashkernel.ts'
import type { BootContext, BootEntry, BootPlan, EntryChange } from './boot_loader.ts'
import { findBootLoader } from './boot_loaders.ts'
import { readTree } from './file_edit.ts'
import { KERNEL_CMDLINE } from './future_kernels.ts'
import { type ArgChange, changeArgs, findArg, findArgs } from './kernel_args.ts'
import { releaseOfKernel } from './kernel_path.ts'

/** What is to be reset, and how. */
export interface ResetChoice {
  /** `ALL`, `DEFAULT`, a path, or undefined for the running kernel. */
  readonly kernel?: string | undefined
  /** A kernel that was just installed, by its release: kernel-install's hook. */
  readonly installed?: string | undefined
  /** Values to write; none for the distribution's default. */
  readonly values: readonly string[]
  readonly fadump?: string | undefined
  /** Leave what a person chose alone. */
  readonly keepsCustom: boolean
}

/** What becomes of one entry. */
export interface EntryOutcome {
  readonly kernel: string
  /** Null where the boot loader does not count. */
  readonly index: number | null
  readonly id: string
  readonly old: readonly string[]
  readonly new: readonly string[]
  readonly state: 'updated' | 'unchanged' | 'kept'
  /** `fadump=` as it will be, when it changes; '' when it goes; null when it stays. */
  readonly fadump: string | null
  readonly dumpMode: DumpMode
  /** Bytes that the kernel will reserve on this machine. */
  readonly bytes: number
}

/** All of it. */
export interface ResetPlan {
  readonly loader: string
  readonly outcomes: readonly EntryOutcome[]
  readonly plan: BootPlan
}

/**
 * Plan a reset. Nothing is changed.
 *
 * @throws {UsageError} for a kernel or a value that makes no sense
 * @throws {HostError} if no boot loader or no kernel is found
 */
export function planReset(
  context: BootContext,
  facts: CrashkernelFacts,
  choice: ResetChoice,
): ResetPlan {
  checkChoice(facts, choice)
  const loader = findBootLoader(context)
  const isAll = choice.kernel === 'ALL'
  const entries = chooseEntries(loader.readEntries(context), facts, choice)
  const leftAlone = choice.installed !== undefined && isOsbuildDone(context)
  const decided = entries.map((entry) => decide(entry, facts, choice, leftAlone))
  const changes = decided.flatMap(({ change }) => (change ? [change] : []))
  const isAllMeant = isAll || entries.some(({ kernel }) => kernel === 'ALL')
  const plan =
    changes.length === 0
      ? { edits: [], commands: [], notes: [] }
      : loader.plan(context, changes, isAllMeant)
  return { loader: loader.name, outcomes: decided.map(({ outcome }) => outcome), plan }
}

function checkChoice(facts: CrashkernelFacts, { fadump, values }: ResetChoice): void {
  if (fadump !== undefined) {
    if (facts.arch !== 'ppc64le') throw new UsageError('Option --fadump only valid on PPC')
    if (!['on', 'off', 'nocma'].includes(fadump)) throw new UsageError(`invalid fadump=${fadump}`)
  }
  for (const value of values) {
    if (/[\s"'$\\`]/.test(value)) throw new UsageError(`--value ${value}: is more than one word`)
  }
  const line = values.map((value) => `crashkernel=${value}`).join(' ')
  if (values.length === 0 || values.includes(AUTO)) return
  // On memory without end: a range that this machine does not reach is no mistake.
  const { messages } = parseCrashkernel(line, 2 ** 50, kernelKind(facts.arch, '7.0'))
  const complaint = messages.find((message) => message !== ZERO_BYTES)
  if (complaint !== undefined)
    throw new UsageError(`--value ${values.join(' ')}: the kernel would say '${complaint}'`)
}

/** On RHEL 6 to 8 the kernel knew it; now it means the default. */
const AUTO = 'auto'

/** Choose entries in kdumpctl's words. */
function chooseEntries(
  entries: readonly BootEntry[],
  { release }: CrashkernelFacts,
  { kernel, installed }: ResetChoice,
): readonly BootEntry[] {
  if (kernel === 'ALL') return entries
  const [only] = entries
  const isOneForAll = entries.length === 1 && only?.kernel === 'ALL'
  if (kernel === 'DEFAULT') return entries.filter(({ isDefault }) => isDefault)
  if (kernel !== undefined) {
    if (isOneForAll) {
      throw new UsageError(
        `--kernel=${kernel}: this boot loader has one command line for all kernels, please specify ALL`,
      )
    }
    const found = entries.filter((entry) => entry.kernel === kernel)
    if (found.length > 0) return found
    throw new UsageError(
      `Invalid --kernel=${kernel}, please specify a valid kernel path, ALL or DEFAULT`,
    )
  }
  if (isOneForAll) return entries
  const wanted = installed ?? release
  const found = entries.filter((entry) => releaseOfKernel(entry.kernel) === wanted)
  if (found.length > 0) return found
  throw new HostError(`no kernel for version ${wanted} found`, 'ENOENT')
}

/** osbuild installs kernels in a container; an image with crashkernel= of its own keeps it. */
function isOsbuildDone({ root }: BootContext): boolean {
  const isOsbuild = readTree(root, '/proc/1/environ')
    .split('\0')
    .includes('container=bwrap-osbuild')
  return isOsbuild && findArg(readTree(root, KERNEL_CMDLINE), 'crashkernel') !== undefined
}

interface Decision {
  readonly outcome: EntryOutcome
  readonly change: EntryChange | undefined
}

function decide(
  entry: BootEntry,
  facts: CrashkernelFacts,
  choice: ResetChoice,
  leftAlone: boolean,
): Decision {
  const old = findArgs(entry.args, 'crashkernel')
  const oldFadump = findArg(entry.args, 'fadump') ?? ''
  const fadump = choice.fadump === undefined ? oldFadump : choice.fadump.replace('off', '')
  const dumpMode = dumpModeOf(fadump)
  const isAuto = choice.values.length === 0 || choice.values.includes(AUTO)
  const values = isAuto ? [usualValue(entry, facts, dumpMode)] : choice.values
  const isCustom = old.length > 0 && !isKnownDefault(old.at(-1) ?? '', facts.distro)
  const isKept = leftAlone || (choice.keepsCustom && isCustom)
  const changes: ArgChange[] = [
    ...(isKept ? [] : [{ key: 'crashkernel', values }]),
    ...(fadump === oldFadump ? [] : [{ key: 'fadump', values: fadump === '' ? [] : [fadump] }]),
  ]
  const args = changeArgs(entry.args, changes)
  const isChanged = changes.some(({ key, values: wanted }) => {
    // Said twice alike, by two variables, is said.
    return [...new Set(findArgs(entry.args, key))].join(' ') !== wanted.join(' ')
  })
  const fresh = findArgs(args, 'crashkernel')
  return {
    outcome: {
      ...{ kernel: entry.kernel, index: entry.index ?? null, id: entry.id },
      ...{ old, new: fresh, dumpMode },
      state: isChanged ? 'updated' : isKept ? 'kept' : 'unchanged',
      fadump: fadump === oldFadump ? null : fadump,
      bytes: fresh.reduce((sum, value) => sum + bytesFor(value, facts.ramBytes, facts.arch), 0),
    },
    change: isChanged ? { entry, changes } : undefined,
  }
}

/** kdump for no fadump= and for off; fadump for on and nocma. @throws {UsageError} for another value */
export function dumpModeOf(fadump: string): DumpMode {
  if (fadump === '' || fadump === 'off') return 'kdump'
  if (fadump === 'on' || fadump === 'nocma') return 'fadump'
  throw new UsageError(`invalid fadump=${fadump}`)
}

/** Kernels with 64 KiB pages may stand beside others: each gets the value for itself. */
function usualValue(entry: BootEntry, facts: CrashkernelFacts, mode: DumpMode): string {
  const release = releaseOfKernel(entry.kernel)
  const has64kPages = release === '' ? facts.has64kPages : release.includes('64k')
  const { value } = defaultCrashkernel(facts.distro, { ...facts, has64kPages }, mode)
  if (value !== '') return value
  throw new HostError(
    `${facts.distro} reserves nothing on this machine: give --value SIZE to reserve all the same`,
  )
}
