// kbox stop: unload the capture kernel, in kdumpctl's words.
import { HostError } from '../core/base/errors.ts'
import { disarmCrumbs } from '../host/control/after/breadcrumb_file.ts'
import { unloadCrashImage } from '../host/control/load/kexec.ts'
import { explainKexecError } from '../host/control/load/kexec_explain.ts'
import { readKexecFacts } from '../host/control/load/kexec_facts.ts'
import { readDumpPath } from './dump_path.ts'
import { lockKdump } from './kdump_lock.ts'
import { sayKdump } from './kdump_messages.ts'
import { parseVerbOptions } from './verb_options.ts'

/**
 * Run `kbox stop`.
 *
 * @returns exit code: 0 unloaded, 1 not
 */
export async function stopMain(argv: readonly string[]): Promise<number> {
  parseVerbOptions(argv, {})
  return lockKdump(stop)
}

function stop(): number {
  try {
    unloadCrashImage()
  } catch (error) {
    if (!(error instanceof HostError)) throw error
    sayKdump('kexec: failed to unload kdump kernel')
    sayKdump(explainKexecError(error, readKexecFacts(0)))
    sayKdump('Stopping kdump: [FAILED]')
    return 1
  }
  disarmCrumbs(readDumpPath())
  sayKdump('kexec: unloaded kdump kernel')
  sayKdump('Stopping kdump: [OK]')
  return 0
}
