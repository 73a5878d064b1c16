// kbox dump info: all about a dump's file, as text or JSON.
import { KdumpError, UsageError } from '../core/base/errors.ts'
import { parseOptions } from '../core/base/options.ts'
import { openDump } from '../core/dump/formats.ts'
import { blockCache } from '../core/io/block_cache.ts'
import { DUMP_INFO_VERSION, type DumpInfo } from '../core/report/dump_info.ts'
import { buildDumpInfo } from '../core/report/dump_info_builder.ts'
import { renderDumpInfoText } from '../core/report/render/dump_info_text.ts'
import { openDumpFile } from '../host/platform/age/unlock.ts'
import { registerNativeCodecs } from '../host/platform/native_codecs.ts'
import { unlockNoted } from './noted_access.ts'

const OPTIONS = { json: { type: 'boolean' }, identity: { type: 'string' } } as const

/**
 * Run `kbox dump info [--json] FILE…`. Files are described one by one, the parts of a split dump as well.
 *
 * @returns the exit code: 1 if a file could not be opened; the others are described all the same
 * @throws {UsageError} without `info` or without a file
 */
export async function dumpMain(argv: readonly string[]): Promise<number> {
  const { values, operands } = parseOptions(OPTIONS, argv)
  const [what, ...files] = operands
  if (what === undefined) throw new UsageError("what about the dump? 'kbox dump info FILE'")
  if (what !== 'info') throw new UsageError(`no 'dump ${what}': 'dump info' is all there is`)
  if (files.length === 0) throw new UsageError('a FILE is missing')
  registerNativeCodecs()
  const dumps: DumpInfo[] = []
  for (const file of files) dumps.push(...(await describe(file, values.identity)))
  if (values.json) {
    process.stdout.write(`${JSON.stringify({ version: DUMP_INFO_VERSION, dumps }, null, 2)}\n`)
  } else {
    const texts = dumps.map((info) => `${renderDumpInfoText(info).join('\n')}\n`)
    process.stdout.write(texts.join('\n'))
  }
  return dumps.length === files.length ? 0 : 1
}

/** Nothing for a file that is said, on stderr, not to be a dump. */
async function describe(file: string, identity: string | undefined): Promise<DumpInfo[]> {
  try {
    await unlockNoted('dump', [file], identity)
    const source = openDumpFile(file)
    using dump = openDump(source, { cache: blockCache })
    return [buildDumpInfo(dump, source.size)]
  } catch (error) {
    if (!(error instanceof KdumpError)) throw error
    process.stderr.write(`kbox: ${error.message}\n`)
    return []
  }
}
