// A watchdog that nobody fed any more, and that panics before it resets the machine. What kept the program that feeds it
// from doing so is another rule's to find. Source: drivers/watchdog/pretimeout_panic.c, softdog.c, hpwdt.c.
import { attempt } from '../../base/errors.ts'
import { unitCulprit } from '../blame.ts'
import { isWatchdogPanic } from '../hang_death.ts'
import type { Rule } from '../rule.ts'
import { taskEvidence, taskText } from '../task_text.ts'

/** Programs that feed watchdogs, as far as they are known by name; init does so too. */
const FEEDERS = /^(?:watchdog|watchdogd|wd_keepalive|sbd|corosync|systemd|init|procd|watchdogdevd)$/
const SHOWN = 4

export const watchdogDevice: Rule = {
  name: 'watchdog_device',
  summary: 'a watchdog device that was not fed in time',
  needs: ['log'],
  *find(scene) {
    if (!isWatchdogPanic(scene.panicReason)) return
    const feeders = scene.tasks
      .filter((task) => FEEDERS.test(attempt(() => task.string('comm')) ?? ''))
      .slice(0, SHOWN)
    const lines = scene.lines.filter(({ text }) =>
      /watchdog: watchdog\d+: |\bwdt\b.*(?:time-?out|stop)/i.test(text),
    )
    yield {
      kind: 'panic',
      role: 'cause',
      title: 'the watchdog was not fed in time, and panicked before its reset',
      confidence: 'certain',
      evidence: [
        { text: `panic: ${scene.panicReason}`, command: 'log' },
        ...lines
          .slice(-SHOWN)
          .map(({ text }) => ({ text: `the log says: ${text}`, command: 'log' })),
        ...feeders.map((task) => taskEvidence(task, `${taskText(task)} may be what feeds it`)),
      ],
      refutedBy: ['a watchdog driver that fires without a reason'],
      culprit: unitCulprit('the program that feeds the watchdog, or what kept it from running'),
      next: [
        { text: 'see whether that program waits, and for what', command: 'foreach UN bt' },
        { text: 'see whether it could run', command: 'runq' },
      ],
      explains: [],
    }
  },
}
