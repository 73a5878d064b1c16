// What may come between the panic and the capture kernel, or end it: notifiers, watchdogs, pstore.
import type { Check, Finding, Patient } from '../check.ts'

/** A capture that starts and then is reset. */
const WATCHDOG_SECONDS_MIN = 20

/** Between panic and dump. */
export const panicPath: Check = {
  ids: ['notifiers-first', 'watchdog-short', 'pstore-full'],
  summary: 'look for what disturbs the way from the panic to the dump',
  *examine(patient) {
    yield* notifiers(patient)
    yield* watchdogs(patient)
    yield* pstore(patient)
  },
}

function* notifiers({ facts, cmdline }: Patient): Generator<Finding> {
  const parameter = facts.text('sys/module/kernel/parameters/crash_kexec_post_notifiers')
  if (parameter !== 'Y') return
  yield {
    id: 'notifiers-first',
    severity: 'warning',
    title: 'panic notifiers run before the capture kernel, in a kernel that is broken',
    evidence: [
      '/sys/module/kernel/parameters/crash_kexec_post_notifiers is Y',
      cmdline.find((word) => word.startsWith('crash_kexec_post_notifiers')) ??
        'it is not on the command line: a driver (Hyper-V) or a distribution set it',
    ],
    fix: 'unless something depends on it (Hyper-V, pstore), boot without crash_kexec_post_notifiers',
  }
}

function* watchdogs({ facts }: Patient): Generator<Finding> {
  for (const name of facts.names('sys/class/watchdog')) {
    const at = `sys/class/watchdog/${name}`
    if (facts.text(`${at}/state`) !== 'active') continue
    const seconds = Number(facts.text(`${at}/timeout`) ?? 0)
    if (seconds === 0 || seconds >= WATCHDOG_SECONDS_MIN) continue
    yield {
      id: 'watchdog-short',
      severity: 'warning',
      title: `the watchdog ${name} resets the machine ${seconds} s after the panic, before the capture kernel can pet it`,
      evidence: [
        `/${at}/state is active, timeout ${seconds}`,
        `identity ${facts.text(`${at}/identity`) ?? 'unknown'}`,
      ],
      fix: `set its timeout to ${WATCHDOG_SECONDS_MIN} s or more (RuntimeWatchdogSec= in systemd's system.conf)`,
    }
  }
}

function* pstore({ facts }: Patient): Generator<Finding> {
  const names = facts.names('sys/fs/pstore')
  if (names.length === 0) return
  yield {
    id: 'pstore-full',
    severity: 'warning',
    title: 'pstore holds records of earlier crashes, which take the room of the next one',
    evidence: [
      `/sys/fs/pstore: ${names.slice(0, 4).join(', ')}${names.length > 4 ? ` and ${names.length - 4} more` : ''}`,
    ],
    fix: 'move them away (systemd-pstore.service does), then remove them',
  }
}
