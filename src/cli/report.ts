// kbox report: the story of a crash, as text or JSON.
import { UsageError } from '../core/base/errors.ts'
import { parseOptions } from '../core/base/options.ts'
import { renderReportText } from '../core/report/render/text.ts'
import { reportDump } from '../host/control/evidence/report_files.ts'
import { noteIncomplete } from './note_incomplete.ts'
import { unlockNoted } from './noted_access.ts'

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
  await unlockNoted('report', operands, values.identity)
  const report = reportDump([file, ...others], noteIncomplete)
  const text = values.json ? JSON.stringify(report, null, 2) : renderReportText(report).join('\n')
  process.stdout.write(`${text}\n`)
  return 0
}
