// kbox collect: what is done once after a crash.
import path from 'node:path'
import { collectLastCrash } from '../host/control/collect.ts'
import { KDUMP_CONF, readKdumpConf } from './kdump_conf_file.ts'
import { sayKdump, warnKdump } from './kdump_messages.ts'
import { parseVerbOptions } from './verb_options.ts'

/**
 * Run `kbox collect`.
 *
 * @returns exit code: 0 done, 1 no configuration
 */
export async function collectMain(argv: readonly string[]): Promise<number> {
  const { config, root } = parseVerbOptions(argv, {
    config: { type: 'string', default: KDUMP_CONF },
    root: { type: 'string', default: '/' },
  })
  const conf = readKdumpConf(path.join(root, config))
  if (!conf) return 1
  for (const { text, isWarning } of collectLastCrash(conf, root))
    (isWarning ? warnKdump : sayKdump)(text)
  return 0
}
