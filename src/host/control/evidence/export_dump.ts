// A dump made ready for others: filtered anew at a higher level, without the kernel's keys, with its log and its report beside
// it from which addresses and names are taken out, and a manifest. The dump itself still is memory: docs/evidence.md says
// what may be left in it.
import { existsSync, mkdirSync, rmSync } from 'node:fs'
import path from 'node:path'
import { HostError, KdumpError } from '../../../core/base/errors.ts'
import { openKernel } from '../../../core/kernel/open_kernel.ts'
import { type RedactionCount, Redactor } from '../../../core/report/redact.ts'
import type { Report } from '../../../core/report/report_model.ts'
import { formatManifest } from '../../capture/capture_manifest.ts'
import { runDump } from '../../capture/engine.ts'
import { type KeyErasure, planKeyErasure } from '../../capture/erase/erase_keys.ts'
import { openDumpPath } from '../../capture/open_pages.ts'
import { readDmesg } from '../../capture/read_dmesg.ts'
import { isEncrypted, openDumpFile } from '../../platform/age/unlock.ts'
import { writeDurably } from '../../platform/durable_file.ts'
import { openFileOutput } from '../../platform/file_output.ts'
import { hashFile } from '../load/image_manifest.ts'
import { MANIFEST } from './dump_manifest.ts'
import { reportDump, writeReportFiles } from './report_files.ts'

/** What is exported, and how. */
export interface ExportOptions {
  readonly vmcore: string
  /** Folder to make. */
  readonly out: string
  readonly level: number
  /** Take out of log and report what belongs to people and machines, and out of the dump what keys are known. */
  readonly redacts: boolean
  /** False: log and report alone. */
  readonly hasDump: boolean
}

/** What came of it. */
export interface ExportResult {
  /** Names in the folder. */
  readonly files: readonly string[]
  readonly counts: readonly RedactionCount[]
  readonly keys: number
  /** What could not be done. */
  readonly problems: readonly string[]
}

const LOG = 'vmcore-dmesg.txt'
const REDACTION = 'redaction.json'

/**
 * Export a dump. A folder that could not be filled is removed again.
 *
 * @throws {HostError} if the folder is there already, or cannot be written to
 * @throws {KdumpError} if the dump cannot be opened
 */
export async function exportDump(options: ExportOptions): Promise<ExportResult> {
  const { out } = options
  if (existsSync(out)) throw new HostError(`${out}: is there already`, 'EEXIST')
  mkdirSync(out, { recursive: true, mode: 0o700 })
  try {
    return await fillFolder(options)
  } catch (error) {
    rmSync(out, { recursive: true })
    throw error
  }
}

async function fillFolder(options: ExportOptions): Promise<ExportResult> {
  const { vmcore, out, redacts } = options
  const problems: string[] = []
  const report = reportDump([vmcore])
  const { nodename } = report.system
  const redactor = redacts ? new Redactor(nodename === null ? [] : [nodename]) : undefined
  const written = redactor ? redactor.data(withoutMemory(report)) : report
  const files = writeReportFiles(written, out)
  if (writeLog(vmcore, path.join(out, LOG), redactor, problems)) files.push(LOG)
  const keys = options.hasDump ? await writeDump(options, problems) : 0
  if (options.hasDump) files.push('vmcore')
  const counts = redactor?.counts ?? []
  if (redactor) {
    const text = { version: 1, masked: counts, erasedKeys: keys, problems }
    writeDurably(path.join(out, REDACTION), [`${JSON.stringify(text, null, 2)}\n`])
    files.push(REDACTION)
  }
  writeManifest(written, options, files)
  return { files: [...files, MANIFEST], counts, keys, problems }
}

/** Without what has no look to know it by: bytes of memory, and the path of the dump on this machine. */
function withoutMemory(report: Report): Report {
  const { completeness, findings } = report
  return {
    ...report,
    findings: findings.map((finding) => ({
      ...finding,
      evidence: finding.evidence.map((evidence) => ({ ...evidence, memory: null })),
    })),
    completeness: { ...completeness, file: path.basename(completeness.file) },
  }
}

function writeLog(
  vmcore: string,
  file: string,
  redactor: Redactor | undefined,
  problems: string[],
): boolean {
  const lines: string[] = []
  try {
    for (const line of readDmesg(vmcore)) lines.push(line)
  } catch (error) {
    if (!(error instanceof KdumpError)) throw error
    problems.push(`log: ${error.message}`)
  }
  if (lines.length === 0) return false
  // As one text: a key may be spread over lines.
  const text = lines.join('')
  writeDurably(file, [redactor ? redactor.text(text) : text])
  return true
}

/** @returns how many keys were erased */
async function writeDump(
  { vmcore, out, level, redacts }: ExportOptions,
  problems: string[],
): Promise<number> {
  const erased = redacts ? eraseKeys(vmcore) : undefined
  if (erased && erased.problem !== '') problems.push(`keys: ${erased.problem}`)
  const file = { files: [vmcore], useMmap: false }
  using dump = openDumpPath(file)
  const output = openFileOutput(path.join(out, 'vmcore'), { overwrite: false })
  try {
    const stats = await runDump({
      ...{ dump, outputs: [output], level, erase: erased },
      ...(isEncrypted(vmcore) ? {} : { path: file }),
      codec: dump.codec ?? 'zlib',
      pageOrder: 'pfn',
    })
    output.sync()
    if (output.problem) throw output.problem
    problems.push(...stats.problems.map(({ message }) => `dump: ${message}`))
  } finally {
    output.close()
  }
  return erased?.keys ?? 0
}

function eraseKeys(vmcore: string): KeyErasure {
  const program = openKernel(openDumpFile(vmcore))
  using _dump = program.dump
  return planKeyErasure(program)
}

function writeManifest(
  report: Report,
  { out, level }: ExportOptions,
  names: readonly string[],
): void {
  const { release, crashTime } = report.system
  const files = names.map((name) => {
    const { sizeBytes, sha256 } = hashFile(path.join(out, name))
    return [name, { sizeBytes, sha256 }]
  })
  const manifest = {
    ...{ version: 2, target: 'kbox export', release },
    capturedAt: new Date((crashTime ?? 0) * 1000).toISOString(),
    complete: !report.completeness.incomplete,
    ...{ steps: [], memAvailableMinBytes: 0, files: Object.fromEntries(files) },
    dump: { dumpLevel: level },
  }
  writeDurably(path.join(out, MANIFEST), [formatManifest(manifest)])
}
