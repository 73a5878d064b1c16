// The report of a dump as files: built once, written in every form there is, readable by root only.
import path from 'node:path'
import type { Dump } from '../../../core/dump/dump_format.ts'
import { openKernel } from '../../../core/kernel/open_kernel.ts'
import { renderReport, type ReportForm } from '../../../core/report/render/report_forms.ts'
import { buildReport } from '../../../core/report/report_builder.ts'
import type { Report } from '../../../core/report/report_model.ts'
import { openDumpFile } from '../../platform/age/unlock.ts'
import { monotonicMs } from '../../platform/clock.ts'
import { renameDurably, writeDurably } from '../../platform/durable_file.ts'
import { registerDisassemblers } from '../../platform/iced_x86.ts'
import { registerNativeCodecs } from '../../platform/native_codecs.ts'

/** The files, the one that says that all are there last. */
const REPORT_FILES: readonly { readonly name: string; readonly form: ReportForm }[] = [
  { name: 'report.txt', form: 'text' },
  { name: 'report.html', form: 'html' },
  { name: 'report.json', form: 'json' },
]

/** The file that is written last. */
export const LAST_REPORT = 'report.json'

/**
 * Build the report of a dump.
 *
 * @param files the dump, or the parts of a split one
 * @param onOpened called before anything is read of it
 * @throws {KdumpError} if it cannot be opened
 */
export function reportDump(
  [first, ...others]: readonly [string, ...string[]],
  onOpened: (dump: Dump) => void = () => {},
): Report {
  registerNativeCodecs()
  registerDisassemblers()
  const startMs = monotonicMs()
  const source = openDumpFile(first)
  const parts = others.map((file) => openDumpFile(file))
  const program = openKernel(source, { parts })
  using dump = program.dump
  onOpened(dump)
  const milliseconds = Math.round((monotonicMs() - startMs) * 100) / 100
  return buildReport(program, {
    fileBytes: [source, ...parts].reduce((sum, { size }) => sum + size, 0),
    timings: [{ step: 'open', milliseconds }],
  })
}

/** Write a report into a folder; returns the names of its files. */
export function writeReportFiles(report: Report, directory: string): string[] {
  return REPORT_FILES.map(({ name, form }) => {
    const file = path.join(directory, name)
    writeDurably(`${file}.tmp`, [renderReport(form, report)])
    renameDurably(`${file}.tmp`, file)
    return name
  })
}
