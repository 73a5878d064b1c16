// kbox test: crash this machine on purpose, so that afterwards it is known whether its dumps arrive. In kdumpctl's words.
import { writeFileSync } from 'node:fs'
import { createInterface } from 'node:readline/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { HostError, KdumpError } from '../core/base/errors.ts'
import { findTestId, formatTestId, makeTestId } from '../host/capture/test_id.ts'
import { splitCmdline } from '../host/control/load/capture_cmdline.ts'
import { readCrashState } from '../host/control/crash_sysfs.ts'
import { writeCreationTest } from '../host/control/after/creation_test.ts'
import { LOADED_RECORD } from '../host/control/load/load_image.ts'
import { readLoadSet } from '../host/control/load/load_set.ts'
import { reloadImage } from '../host/control/load/reload_image.ts'
import { sync } from '../host/platform/syscalls.ts'
import { lockKdump } from './kdump_lock.ts'
import { sayKdump } from './kdump_messages.ts'
import { parseVerbOptions } from './verb_options.ts'

/** What a test does to the machine; tests of the test hand in another one. */
export interface TestMachine {
  isLoaded(): boolean
  /** Ask a person; '' if there is none. */
  ask(question: string): Promise<string>
  /** Load again what is loaded, with a word more on its command line. @throws {KdumpError} */
  reload(word: string): Promise<void>
  /** Note on the disk that a test was begun. */
  begin(testId: string): void
  /** Die. Returns only if that failed. */
  crash(): Promise<void>
}

const OPTIONS = {
  force: { type: 'boolean', default: false },
  'no-crash': { type: 'boolean', default: false },
} as const

const QUESTION = 'DANGER!!! Will perform a kdump test by crashing the system, proceed? (y/N): '
/** The crash key acts at once; who still runs then has not died. */
const DEATH_MS = 10_000

/**
 * Run `kbox test`.
 *
 * @returns exit code: 0 cancelled, or prepared with --no-crash; 1 the test could not be made
 */
export async function testMain(
  argv: readonly string[],
  machine: TestMachine = thisMachine,
): Promise<number> {
  const { force, 'no-crash': noCrash } = parseVerbOptions(argv, OPTIONS)
  if (!machine.isLoaded()) {
    sayKdump('Kdump needs be operational before test.')
    return 1
  }
  if (!force && !noCrash) {
    if (!/^y/i.test(await machine.ask(QUESTION))) {
      sayKdump('Operation cancelled.')
      return 0
    }
    sayKdump('Start kdump test...')
  }
  const testId = makeTestId(Date.now())
  try {
    await machine.reload(formatTestId(testId))
  } catch (error) {
    if (!(error instanceof KdumpError)) throw error
    sayKdump('Set kdump test id fail.')
    sayKdump(error.message)
    return 1
  }
  machine.begin(testId)
  if (noCrash) {
    sayKdump(`the next crash is the test (${formatTestId(testId)})`)
    return 0
  }
  await machine.crash()
  sayKdump('This machine did not crash: is it a container, or is sysrq-trigger not writable?')
  return 1
}

const thisMachine: TestMachine = {
  isLoaded: () => readCrashState().loaded,
  async ask(question) {
    const line = createInterface({ input: process.stdin, output: process.stderr })
    // Nobody types where standard input has ended.
    const ended = new Promise<string>((resolve) => line.once('close', () => resolve('')))
    const answer = await Promise.race([line.question(question), ended])
    line.close()
    return answer.trim()
  },
  async reload(word) {
    const code = await lockKdump(() => {
      reloadWith(word)
      return 0
    })
    if (code !== 0) throw new HostError('another program holds the kdump lock', 'EBUSY')
  },
  begin(testId) {
    writeCreationTest({ status: 'pending', testId })
    sync()
  },
  async crash() {
    writeFileSync('/proc/sysrq-trigger', 'c')
    await sleep(DEATH_MS)
  },
}

/** The words asked for at the start stay; the id of an earlier test that never came does not. */
function reloadWith(word: string): void {
  const asked = splitCmdline(readLoadSet(LOADED_RECORD)?.words.asked ?? '')
  const kept = asked.filter((one) => findTestId(one) === undefined)
  const { outcome } = reloadImage([...kept, word].join(' '))
  if (!outcome.ok) throw outcome.error
}
