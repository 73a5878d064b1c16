// kdumpctl's lock around a verb, with kdumpctl's words while it waits.
import { HostError } from '../core/base/errors.ts'
import { withKdumpLock } from '../host/control/kdump_lock.ts'
import { sayKdump } from './kdump_messages.ts'

/** Run a verb while no other program changes what is loaded. @returns its exit code, or 1 after a wait in vain */
export async function lockKdump(run: () => number | Promise<number>): Promise<number> {
  try {
    return await withKdumpLock(run, {
      onWait: () =>
        sayKdump('Another app is currently holding the kdump lock; waiting for it to exit...'),
    })
  } catch (error) {
    if (!(error instanceof HostError) || error.errno !== 'ETIMEDOUT') throw error
    sayKdump(error.message)
    return 1
  }
}
