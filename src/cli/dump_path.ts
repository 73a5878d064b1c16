// Where dumps lie, for verbs that must work whatever else is wrong with the configuration.
import { KdumpError } from '../core/base/errors.ts'
import { DEFAULT_CONF } from '../host/control/config/kdump_conf_model.ts'
import {
  readConfiguration,
  type ConfigurationChoice,
} from '../host/control/config/read_configuration.ts'

/** Read `path` of a configuration; the default where it cannot be read. */
export function readDumpPath(choice: ConfigurationChoice = {}): string {
  try {
    const result = readConfiguration({ ...choice, skipChecks: true })
    return result.ok ? result.configuration.conf.path : DEFAULT_CONF.path
  } catch (error) {
    if (error instanceof KdumpError) return DEFAULT_CONF.path
    throw error
  }
}
