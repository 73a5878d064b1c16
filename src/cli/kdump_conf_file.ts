// Reads kdump.conf for a verb and tells what is wrong with it.
import { readFileSync } from 'node:fs'
import { formatProblemPlace } from '../host/control/conf_problem.ts'
import { parseKdumpConf } from '../host/control/kdump_conf.ts'
import type { KdumpConf } from '../host/control/kdump_conf_model.ts'
import { sayKdump, warnKdump } from './kdump_messages.ts'

/** Where every distribution has it. */
export const KDUMP_CONF = '/etc/kdump.conf'

/** Read and parse; undefined after the problems were printed. */
export function readKdumpConf(file: string): KdumpConf | undefined {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch {
    sayKdump('Error: No kdump config file found!')
    return undefined
  }
  const result = parseKdumpConf(text)
  for (const warning of result.warnings) {
    warnKdump(warning.message)
    sayKdump(formatProblemPlace(file, warning))
  }
  if (result.ok) return result.conf
  for (const error of result.errors) {
    sayKdump(error.message)
    sayKdump(formatProblemPlace(file, error))
  }
  return undefined
}
