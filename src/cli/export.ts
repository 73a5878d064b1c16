// kbox export: a dump for others.
import { UsageError } from '../core/base/errors.ts'
import { parseOptions } from '../core/base/options.ts'
import { exportDump, type ExportResult } from '../host/control/evidence/export_dump.ts'
import { unlockFiles } from '../host/platform/age/unlock.ts'
import { withNotedAccess } from './noted_access.ts'

const OPTIONS = {
  redact: { type: 'boolean' },
  level: { type: 'string' },
  noDump: { type: 'boolean' },
  identity: { type: 'string' },
  json: { type: 'boolean' },
} as const
const LEVEL_MAX = 31

/**
 * Run `kbox export [--redact] VMCORE OUT`.
 *
 * @returns the exit code
 * @throws {KdumpError} if the dump cannot be opened or written
 */
export async function exportMain(argv: readonly string[]): Promise<number> {
  const { values, operands } = parseOptions(OPTIONS, argv)
  const [vmcore, out, more] = operands
  if (vmcore === undefined) throw new UsageError('a VMCORE is missing')
  if (out === undefined) throw new UsageError('the folder to make, OUT, is missing')
  if (more !== undefined) throw new UsageError(`'${more}': one VMCORE is exported at a time`)
  const level = parseLevel(values.level ?? String(LEVEL_MAX))
  const options = { vmcore, out, level, redacts: values.redact, hasDump: !values.noDump }
  const result = await withNotedAccess({ action: 'export', verb: 'export' }, [vmcore], async () => {
    await unlockFiles([vmcore], values.identity)
    return exportDump(options)
  })
  for (const problem of result.problems) process.stderr.write(`kbox: ${problem}\n`)
  process.stdout.write(values.json ? `${JSON.stringify(result, null, 2)}\n` : format(out, result))
  return result.problems.length === 0 ? 0 : 1
}

function parseLevel(text: string): number {
  const level = /^\d{1,2}$/.test(text) ? Number(text) : -1
  if (level < 0 || level > LEVEL_MAX)
    throw new UsageError(`--level ${text}: must be a number from 0 to ${LEVEL_MAX}`)
  return level
}

function format(out: string, { files, counts, keys }: ExportResult): string {
  const masked = counts.map(({ kind, values, places }) => `${values} ${kind} in ${places} places`)
  const lines = [
    `${out}: ${files.join(', ')}`,
    ...(masked.length > 0 ? [`masked: ${masked.join('; ')}`] : []),
    ...(keys > 0 ? [`erased from the dump: ${keys} keys`] : []),
  ]
  return `${lines.join('\n')}\n`
}
