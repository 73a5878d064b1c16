// Reads the machine's configuration for a verb and tells what is wrong with it, in kdumpctl's words.
import { NotFoundError } from '../core/base/errors.ts'
import { formatProblemPlace } from '../host/control/config/conf_problem.ts'
import {
  type Configuration,
  type ConfigurationChoice,
  type ConfigurationResult,
  type FileProblem,
  readConfiguration,
} from '../host/control/config/read_configuration.ts'
import { sayKdump, warnKdump } from './kdump_messages.ts'

/** Read and check; undefined after the problems were printed. */
export function readSettings(choice: ConfigurationChoice = {}): Configuration | undefined {
  const result = attemptRead(choice)
  if (!result) return undefined
  for (const warning of result.ok ? result.configuration.warnings : result.warnings) {
    warnKdump(warning.message)
    sayPlace(warning)
  }
  if (result.ok) return result.configuration
  for (const error of result.errors) {
    sayKdump(error.message)
    sayPlace(error)
  }
  return undefined
}

function attemptRead(choice: ConfigurationChoice): ConfigurationResult | undefined {
  try {
    return readConfiguration(choice)
  } catch (error) {
    if (!(error instanceof NotFoundError)) throw error
    sayKdump('Error: No kdump config file found!')
    sayKdump(`  ${error.message}`)
    return undefined
  }
}

function sayPlace(problem: FileProblem): void {
  sayKdump(formatProblemPlace(problem.file, problem))
}
