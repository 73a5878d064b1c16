// kbox report: the story of a crash, as text, Markdown, HTML or JSON.
import { realpathSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { UsageError } from '../core/base/errors.ts'
import { parseOptions } from '../core/base/options.ts'
import { openKernel } from '../core/kernel/open_kernel.ts'
import { renderReport, type ReportForm } from '../core/report/render/report_forms.ts'
import { buildReport } from '../core/report/report_builder.ts'
import type { Report } from '../core/report/report_model.ts'
import { writeDurably } from '../host/platform/durable_file.ts'
import { openFileSource } from '../host/platform/file_source.ts'
import { registerDisassemblers } from '../host/platform/iced_x86.ts'
import { registerNativeCodecs } from '../host/platform/native_codecs.ts'
import { noteIncomplete } from './note_incomplete.ts'

const OPTIONS = {
  html: { type: 'string' },
  md: { type: 'string' },
  text: { type: 'string' },
  json: { type: 'string', optional: true },
} as const

/** Where a form goes; `-` is standard output. */
export interface ReportOutput {
  readonly form: ReportForm
  readonly file: string
}

/**
 * Run `kbox report [--html F] [--md F] [--text F] [--json [F.json]] VMCORE…`; several files are the parts of a split dump.
 *
 * @returns the exit code
 * @throws {KdumpError} if the dump cannot be opened
 */
export async function reportMain(argv: readonly string[]): Promise<number> {
  const { operands, outputs } = reportOutputs(argv)
  writeReport(reportOf(operands), outputs)
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
} {
  const { values, operands } = parseOptions(OPTIONS, joinJsonFile(argv))
  if (operands.length === 0) throw new UsageError('a VMCORE is missing')
  const outputs = chosenOutputs(values)
  const dumps = operands.map((operand) => path.resolve(operand))
  for (const { file } of outputs)
    if (dumps.includes(path.resolve(file)))
      throw new UsageError(`the report would overwrite the dump: ${file}`)
  return { operands, outputs }
}

/**
 * `--json out.json` means that file, `--json vmcore` the dump as it ever did: a word behind `--json` is its value if it
 * ends in `.json` or is `-`.
 */
function joinJsonFile(argv: readonly string[]): string[] {
  const joined: string[] = []
  for (const word of argv) {
    const isValue = joined.at(-1) === '--json' && (word.endsWith('.json') || word === '-')
    if (isValue) joined.push(`${joined.pop() ?? ''}=${word}`)
    else joined.push(word)
  }
  return joined
}

function chosenOutputs(values: Readonly<Record<ReportForm, string | undefined>>): ReportOutput[] {
  const outputs = (['html', 'md', 'text', 'json'] as const).flatMap((form) => {
    const file = values[form]
    return file === undefined ? [] : [{ form, file: file === '' ? '-' : file }]
  })
  if (outputs.filter(({ file }) => file === '-').length > 1)
    throw new UsageError('only one form of the report can go to standard output')
  return outputs.length === 0 ? [{ form: 'text', file: '-' }] : outputs
}

/** Open a dump and build its report. @param files parts of a split dump @throws {KdumpError} if it cannot be opened */
export function reportOf(files: readonly string[]): Report {
  registerNativeCodecs()
  registerDisassemblers()
  const start = performance.now()
  const [source, ...parts] = files.map((path) => openFileSource(path))
  if (!source) throw new UsageError('a VMCORE is missing')
  const program = openKernel(source, { parts })
  using dump = program.dump
  noteIncomplete(dump)
  return buildReport(program, {
    fileBytes: [source, ...parts].reduce((sum, { size }) => sum + size, 0),
    timings: [{ step: 'open', milliseconds: Math.round((performance.now() - start) * 100) / 100 }],
  })
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
