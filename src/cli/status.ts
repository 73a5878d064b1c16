// kbox status: is the machine armed? In kdumpctl's words and exit codes, which scripts grep and test.
import { attempt } from '../core/base/errors.ts'
import { readCrashState } from '../host/control/crash_sysfs.ts'
import { settleCreationTest } from '../host/control/after/creation_test.ts'
import { type Configuration, readConfiguration } from '../host/control/config/read_configuration.ts'
import { sayCreationTest } from './creation_line.ts'
import { sayKdump } from './kdump_messages.ts'
import { parseVerbOptions } from './verb_options.ts'

/** LSB's code for "program is not running", as kdumpctl returns it. */
const EXIT_NOT_OPERATIONAL = 3

/**
 * Run `kbox status`.
 *
 * @returns exit code: 0 armed, 3 not
 */
export async function statusMain(argv: readonly string[]): Promise<number> {
  const options = {
    json: { type: 'boolean', default: false },
    root: { type: 'string', default: '/' },
  } as const
  const values = parseVerbOptions(argv, options)
  const { supported, loaded, reservedBytes } = readCrashState(values.root)
  const settings = readQuietly(values.root)
  const creationTest = settings && settleCreationTest(settings.conf, values.root)
  if (values.json) {
    const state = { version: 1, operational: loaded, supported, reservedBytes }
    process.stdout.write(`${JSON.stringify({ ...state, creationTest: creationTest ?? null })}\n`)
  } else {
    if (!supported) sayKdump('kdump is not supported on this kernel')
    sayKdump(loaded ? 'Kdump is operational' : 'Kdump is not operational')
    if (settings?.load.notifiesCreation === true) sayCreationTest(creationTest)
  }
  return loaded ? 0 : EXIT_NOT_OPERATIONAL
}

/** Whether the machine is armed does not depend on its configuration: what is wrong with that is told by `start`. */
function readQuietly(root: string): Configuration | undefined {
  const result = attempt(() => readConfiguration({ root }))
  return result?.ok === true ? result.configuration : undefined
}
