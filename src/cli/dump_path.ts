// Where dumps lie, for verbs that must work whatever else is wrong with the configuration.
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { parseKdumpConf } from '../host/control/kdump_conf.ts'
import { DEFAULT_CONF } from '../host/control/kdump_conf_model.ts'

/** Read `path` of a configuration; the default where it cannot be read. */
export function readDumpPath(file: string, root = '/'): string {
  try {
    const result = parseKdumpConf(readFileSync(path.join(root, file), 'utf8'))
    return result.ok ? result.conf.path : DEFAULT_CONF.path
  } catch {
    return DEFAULT_CONF.path
  }
}
