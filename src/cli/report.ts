// kbox report: the story of a crash, as text or JSON.
import { UsageError } from '../core/base/errors.ts'
import { parseOptions } from '../core/base/options.ts'
import { openKernel } from '../core/kernel/open_kernel.ts'
import { renderReportText } from '../core/report/render/text.ts'
import { buildReport } from '../core/report/report_builder.ts'
import { openDumpFile, unlockFiles } from '../host/platform/age/unlock.ts'
import { registerNativeCodecs } from '../host/platform/native_codecs.ts'
import { noteIncomplete } from './note_incomplete.ts'

const OPTIONS = { json: { type: 'boolean' }, identity: { type: 'string' } } as const

/**
 * Run `kbox report [--json] [--identity FILE] VMCORE…`; several files are the parts of a split dump.
 *
 * @returns the exit code
 * @throws {KdumpError} if the dump cannot be opened
 */
export async function reportMain(argv: readonly string[]): Promise<number> {
  const { values, operands } = parseOptions(OPTIONS, argv)
  const [file, ...others] = operands
  if (file === undefined) throw new UsageError('a VMCORE is missing')
  await unlockFiles(operands, values.identity)
  registerNativeCodecs()
  const start = performance.now()
  const source = openDumpFile(file)
  const parts = others.map((path) => openDumpFile(path))
  const program = openKernel(source, { parts })
  using dump = program.dump
  noteIncomplete(dump)
  const report = buildReport(program, {
    fileBytes: [source, ...parts].reduce((sum, { size }) => sum + size, 0),
    timings: [{ step: 'open', milliseconds: Math.round((performance.now() - start) * 100) / 100 }],
  })
  const text = values.json ? JSON.stringify(report, null, 2) : renderReportText(report).join('\n')
  process.stdout.write(`${text}\n`)
  return 0
}
