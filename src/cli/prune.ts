// kbox prune: retention by hand, or a look at what it would do.
import { removalNoter } from '../host/control/evidence/aftercare.ts'
import { pruneDumps } from '../host/control/evidence/prune.ts'
import { readSettings } from './kdump_conf_file.ts'
import { parseVerbOptions } from './verb_options.ts'

/**
 * Run `kbox prune`.
 *
 * @returns exit code: 0 done, 1 no configuration, or a dump could not be removed
 */
export function pruneMain(argv: readonly string[]): number {
  const values = parseVerbOptions(argv, {
    'dry-run': { type: 'boolean', default: false },
    config: { type: 'string' },
    root: { type: 'string', default: '/' },
  })
  const { root } = values
  const conf = readSettings({ file: values.config, root })?.conf
  if (!conf) return 1
  const isDryRun = values['dry-run']
  const warn = (text: string): void => void process.stderr.write(`kbox: ${text}\n`)
  const note = removalNoter(conf, 'prune', root, warn)
  const { removals, notes } = pruneDumps(conf, { isDryRun, nowMs: Date.now(), root, note })
  for (const { dump, why } of removals)
    process.stdout.write(`${isDryRun ? 'would remove' : 'removed'} ${dump.directory}: ${why}\n`)
  for (const text of notes) warn(text)
  return notes.some((text) => text.includes('not removed')) ? 1 : 0
}
