// kbox reset-crashkernel: kdumpctl's verb and words, for every boot loader.
import { spawnSync } from 'node:child_process'
import { HostError, UsageError } from '../core/base/errors.ts'
import { parseOptions } from '../core/base/options.ts'
import type { BootContext } from '../host/control/bootloader/boot_loader.ts'
import { applyEdits, readTree, revertEdits } from '../host/control/bootloader/file_edit.ts'
import { unifiedDiff } from '../host/control/bootloader/line_diff.ts'
import {
  type EntryOutcome,
  planReset,
  type ResetPlan,
} from '../host/control/bootloader/reset_crashkernel.ts'
import { readCrashkernelFacts } from '../host/control/crashkernel/machine_facts.ts'
import { redHat } from '../host/control/config/dialects/red_hat.ts'
import { forEachConfLine } from '../host/control/config/kdump_conf_lexer.ts'
import { sayKdump, warnKdump } from './kdump_messages.ts'

const OPTIONS = {
  kernel: { type: 'string', value: 'which' },
  value: { type: 'string', value: 'value', multiple: true },
  fadump: { type: 'string', value: 'mode' },
  ifDefault: { type: 'boolean' },
  installed: { type: 'string', value: 'release' },
  dryRun: { type: 'boolean' },
  json: { type: 'boolean' },
  root: { type: 'string', value: 'dir' },
} as const

/**
 * Run `kbox reset-crashkernel`.
 *
 * @returns exit code: 0
 * @throws {UsageError} for a kernel or value that makes no sense
 * @throws {HostError} if nothing could be written
 */
export async function resetCrashkernelMain(argv: readonly string[]): Promise<number> {
  const { values, operands } = parseOptions(OPTIONS, argv)
  if (operands[0] !== undefined) throw new UsageError(`${operands[0]} not recognized`)
  const root = values.root ?? '/'
  if (values.installed !== undefined && !isAutomatic(root)) {
    sayKdump('auto_reset_crashkernel is no: crashkernel= stays as it is')
    return 0
  }
  // A copied tree has programs of another machine; only files are changed there.
  const context: BootContext = root === '/' ? { root, run } : { root }
  const reset = planReset(context, readCrashkernelFacts(root), {
    kernel: values.kernel,
    installed: values.installed,
    values: values.value,
    fadump: values.fadump,
    keepsCustom: values.ifDefault || values.installed !== undefined,
  })
  if (!values.dryRun) apply(context, reset)
  if (values.json) printJson(reset, !values.dryRun)
  else printText(reset, values.dryRun, context.run !== undefined)
  return 0
}

/** What hooks do is the machine owner's to forbid, in a file that may have mistakes elsewhere: only `no` forbids. */
function isAutomatic(root: string): boolean {
  const lines = [...forEachConfLine(readTree(root, redHat.file))]
  return lines.findLast(({ option }) => option === 'auto_reset_crashkernel')?.value !== 'no'
}

/** Edit, then run what makes the edits count; all is put back if that fails. */
function apply({ root, run: runTool }: BootContext, { plan }: ResetPlan): void {
  applyEdits(root, plan.edits)
  try {
    for (const command of plan.commands) runTool?.(command)
  } catch (error) {
    revertEdits(root, plan.edits)
    throw error
  }
}

function run(argv: readonly string[]): string {
  const [program = '', ...args] = argv
  const path = `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin:/usr/bin:/bin`
  const { status, stdout, stderr, error } = spawnSync(program, args, {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, PATH: path, LC_ALL: 'C' },
  })
  if (error) throw new HostError(`${program} does not run: install it`, '', { cause: error })
  if (status === 0) return stdout
  throw new HostError(
    `${argv.join(' ')} failed (exit code ${status}): ${stderr.trim().split('\n').at(-1) ?? ''}`,
  )
}

function printJson({ loader, outcomes, plan }: ResetPlan, isApplied: boolean): void {
  const data = {
    version: 1,
    loader,
    isApplied,
    entries: outcomes,
    edits: plan.edits.map(({ file, before, after }) => {
      return { file, diff: unifiedDiff(file, before, after) }
    }),
    commands: plan.commands,
    notes: plan.notes,
  }
  process.stdout.write(`${JSON.stringify(data, null, 2)}\n`)
}

function printText({ outcomes, plan }: ResetPlan, isDry: boolean, canRun: boolean): void {
  if (isDry) {
    for (const { file, before, after } of plan.edits)
      process.stdout.write(unifiedDiff(file, before, after))
    for (const command of plan.commands) process.stdout.write(`+ ${command.map(quote).join(' ')}\n`)
  }
  for (const outcome of outcomes) {
    sayKdump(describeOutcome(outcome, isDry))
    if (outcome.state === 'updated') warnKdump(describeNext(outcome))
  }
  for (const note of plan.notes) warnKdump(note)
  if (!isDry && !canRun) {
    for (const command of plan.commands)
      warnKdump(`not run in a copied tree: ${command.map(quote).join(' ')}`)
  }
}

/** kdumpctl's words. */
function describeOutcome(outcome: EntryOutcome, isDry: boolean): string {
  const { kernel, index, state, fadump, old } = outcome
  const where = `kernel=${kernel}${index === null ? '' : `, grub entry index=${index}`}`
  if (state === 'unchanged') return `No need to update crashkernel value for ${where}`
  if (state === 'kept')
    return `Kept crashkernel=${old.join(' crashkernel=')} for ${where}: it is no known default`
  const parts: string[] = []
  if (fadump !== null) parts.push(fadump === '' ? 'removed fadump' : `updated fadump=${fadump}`)
  if (outcome.new.join(' ') !== old.join(' '))
    parts.push(`updated crashkernel=${outcome.new.join(' crashkernel=')}`)
  const text = parts.join(' and ')
  const done = `${text.charAt(0).toUpperCase()}${text.slice(1)} for ${where}.`
  return isDry ? `Would be: ${done}` : done
}

/** What comes next: a reboot, or the news that nothing will come of it. */
function describeNext({ bytes, dumpMode, new: values }: EntryOutcome): string {
  if (bytes > 0) return 'Please reboot the system for the change to take effect.'
  const least = Number(/^(\d+)G-/.exec(values.at(-1) ?? '')?.[1] ?? 0)
  const need = least > 0 ? ` ${dumpMode} requires more than ${least}GB memory.` : ''
  return `No memory will be reserved for crash kernel for this system because the system memory is smaller than the requirement.${need}`
}

function quote(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`
}
