// kbox report: the story of a crash, as text, Markdown, HTML or JSON.
import { realpathSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { UsageError } from '../core/base/errors.ts'
import { parseOptions } from '../core/base/options.ts'
import { isDumpFile } from '../core/dump/formats.ts'
import { renderReport, type ReportForm } from '../core/report/render/report_forms.ts'
import type { Report } from '../core/report/report_model.ts'
import { reportDump } from '../host/control/evidence/report_files.ts'
import { isEncrypted } from '../host/platform/age/unlock.ts'
import { writeDurably } from '../host/platform/durable_file.ts'
import { openFileSource } from '../host/platform/file_source.ts'
import { noteIncomplete } from './note_incomplete.ts'
import { unlockNoted } from './noted_access.ts'

const OPTIONS = {
  html: { type: 'string' },
  md: { type: 'string' },
  text: { type: 'string' },
  json: { type: 'string', optional: true },
  identity: { type: 'string' },
} as const

/** Where a form goes; `-` is standard output. */
export interface ReportOutput {
  readonly form: ReportForm
  readonly file: string
}

/**
 * Run `kbox report [--html F] [--md F] [--text F] [--json [F]] [--identity FILE] VMCORE…`; several files are the parts of a
 * split dump.
 *
 * @returns the exit code
 * @throws {KdumpError} if the dump cannot be opened
 */
export async function reportMain(argv: readonly string[]): Promise<number> {
  const { operands, outputs, identity } = reportOutputs(argv)
  const [first, ...others] = operands
  if (first === undefined) throw new UsageError('a VMCORE is missing')
  await unlockNoted('report', operands, identity)
  writeReport(reportDump([first, ...others], noteIncomplete), outputs)
  return 0
}

/**
 * What a command line asks for.
 *
 * @throws {UsageError} for an unknown option, no dump, a dump as output, or two forms for standard output
 */
export function reportOutputs(argv: readonly string[]): {
  readonly operands: readonly string[]
  readonly outputs: readonly ReportOutput[]
  readonly identity: string | undefined
} {
  const { values, operands } = parseOptions(OPTIONS, joinJsonFile(argv))
  if (operands.length === 0) throw new UsageError('a VMCORE is missing')
  const outputs = chosenOutputs(values)
  const dumps = operands.map((operand) => path.resolve(operand))
  // Behind --json a second part of a split dump would be taken for the report's file.
  for (const { file } of outputs)
    if (dumps.includes(path.resolve(file)) || isDump(file))
      throw new UsageError(`the report would overwrite the dump: ${file}`)
  return { operands, outputs, identity: values.identity }
}

function isDump(file: string): boolean {
  if (statSync(file, { throwIfNoEntry: false })?.isFile() !== true) return false
  using source = openFileSource(file)
  return isEncrypted(file) || isDumpFile(source)
}

/**
 * `VMCORE --json out` means that file, `--json VMCORE` the dump as it ever did: a word behind `--json` is its value if it
 * ends in `.json`, is `-`, or if a dump was named before.
 */
function joinJsonFile(argv: readonly string[]): string[] {
  const joined: string[] = []
  let hasOperand = false
  for (const [index, word] of argv.entries()) {
    const before = argv[index - 1] ?? ''
    const isWord = !word.startsWith('-') || word === '-'
    if (isWord && before === '--json' && (hasOperand || word.endsWith('.json') || word === '-'))
      joined.push(`${joined.pop() ?? ''}=${word}`)
    else {
      joined.push(word)
      hasOperand ||= isWord && !TAKES_FILE.has(before)
    }
  }
  return joined
}

/** Options whose value is the next word. */
const TAKES_FILE = new Set(['--html', '--md', '--text', '--json', '--identity'])

function chosenOutputs(
  values: Readonly<Partial<Record<ReportForm, string | undefined>>>,
): ReportOutput[] {
  const outputs = (['html', 'md', 'text', 'json'] as const).flatMap((form) => {
    const file = values[form]
    return file === undefined ? [] : [{ form, file: file === '' ? '-' : file }]
  })
  if (outputs.filter(({ file }) => file === '-').length > 1)
    throw new UsageError('only one form of the report can go to standard output')
  return outputs.length === 0 ? [{ form: 'text', file: '-' }] : outputs
}

/** Write a report in its forms. A report quotes memory and logs: files are its owner's only, and whole or not there. */
export function writeReport(report: Report, outputs: readonly ReportOutput[]): void {
  for (const { form, file } of outputs) {
    const text = renderReport(form, report)
    if (file === '-') process.stdout.write(text)
    else writeWhole(file, text)
  }
}

/** A device or a pipe is written to; a file is replaced, where a link leads to it. */
function writeWhole(file: string, text: string): void {
  const old = statSync(file, { throwIfNoEntry: false })
  if (old && !old.isFile()) {
    writeFileSync(file, text)
    return
  }
  const target = old ? realpathSync(file) : file
  const fresh = `${target}.${process.pid}.new`
  try {
    writeDurably(fresh, [text])
    renameSync(fresh, target)
  } catch (error) {
    rmSync(fresh, { force: true })
    throw error
  }
}
