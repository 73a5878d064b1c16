// kbox collect: what is done once after a crash.
import { disarmCrumbs } from '../host/control/after/breadcrumb_file.ts'
import { collectLastCrash } from '../host/control/after/collect.ts'
import { careForDumps } from '../host/control/evidence/aftercare.ts'
import { readDumpPath } from './dump_path.ts'
import { readSettings } from './kdump_conf_file.ts'
import { sayKdump, warnKdump } from './kdump_messages.ts'
import { parseVerbOptions } from './verb_options.ts'

/**
 * Run `kbox collect`.
 *
 * @returns exit code: 0 done, 1 no configuration
 */
export async function collectMain(argv: readonly string[]): Promise<number> {
  const { config, root, shutdown, report } = parseVerbOptions(argv, {
    config: { type: 'string' },
    root: { type: 'string', default: '/' },
    shutdown: { type: 'boolean', default: false },
    report: { type: 'boolean', default: false },
  })
  if (shutdown) {
    // The capture kernel stays loaded, and what it notes from here on still counts.
    disarmCrumbs(readDumpPath({ file: config }))
    return 0
  }
  const conf = readSettings({ file: config, root })?.conf
  if (!conf) return 1
  const messages = report
    ? await careForDumps(conf, Date.now(), root)
    : collectLastCrash(conf, root)
  for (const { text, isWarning } of messages) (isWarning ? warnKdump : sayKdump)(text)
  return 0
}
