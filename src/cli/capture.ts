// kbox capture: the recorder. /init of the capture kernel starts it; a person has no use for it.
import { readFileSync } from 'node:fs'
import { parseCaptureConfig } from '../host/capture/capture_config.ts'
import { captureWork } from '../host/capture/capture_work.ts'
import { linuxMachine } from '../host/capture/linux_machine.ts'
import { runCapture } from '../host/capture/supervisor.ts'
import { findTestId } from '../host/capture/test_id.ts'
import { readFact } from '../host/platform/fact_tree.ts'
import { parseVerbOptions } from './verb_options.ts'

/** Where the initramfs has it. */
const CONFIG = '/etc/kbox/capture.json'

/**
 * Run `kbox capture`.
 *
 * @returns exit code: 0 saved, 1 not; on a real machine it does not return
 */
export async function captureMain(argv: readonly string[]): Promise<number> {
  const { config: file, again } = parseVerbOptions(argv, {
    config: { type: 'string', default: CONFIG },
    again: { type: 'boolean', default: false },
  })
  const testId = findTestId(readFact('/', 'proc/cmdline') ?? '')
  const config = {
    ...parseCaptureConfig(file, readFileSync(file, 'utf8')),
    ...(testId === undefined ? {} : { testId }),
  }
  // Before any date is made: directories are named in the machine's own time.
  process.env['TZ'] = config.timeZone
  // A dump holds every secret the machine had.
  process.umask(0o077)
  // The hooks of one that was killed have run; one of them may be who did it.
  const planned = again ? { ...config, hooks: { ...config.hooks, pre: [] } } : config
  return (await runCapture(planned, linuxMachine, captureWork)) ? 0 : 1
}
