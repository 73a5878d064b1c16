// A CPU that took no interrupts. Source: kernel/watchdog.c watchdog_hardlockup_check(), kernel/watchdog_perf.c,
// kernel/watchdog_buddy.c.
import type { CpuHang } from '../cpu_hang.ts'
import { attempt } from '../../base/errors.ts'
import { formatCpuList } from '../../kernel/cpumask.ts'
import { crashRegisters } from '../../kernel/stack.ts'
import { hasMissedTimer } from '../../kernel/watchdog.ts'
import { diedOf, hangRole, HANG_DEATHS, panicEvidence } from '../hang_death.ts'
import { whoRan, stuckCode } from '../hang_text.ts'
import type { Evidence, Finding, Rule } from '../rule.ts'
import type { Scene } from '../scene.ts'
import { taskEvidence, taskText } from '../task_text.ts'

/**
 * "NMI watchdog: Watchdog detected hard LOCKUP on cpu 1" before v6.5, "watchdog: Watchdog detected hard LOCKUP on cpu 1"
 * since, "watchdog: CPU0: Watchdog detected hard LOCKUP on cpu 1" since v6.9.
 */
const SAID = /Watchdog detected hard LOCKUP on cpu (\d+)/i
/** CPUs told of one by one: where one hangs many soon wait for it. */
const CPUS_MAX = 8

export const hardLockup: Rule = {
  name: 'hard_lockup',
  summary: 'a CPU that looped with interrupts disabled',
  needs: [],
  *find(scene) {
    const hangs = scene.cpuHangs.filter(({ lost }) => lost === 'interrupts')
    const said = scene.lines.findLast(({ text }) => SAID.test(text))
    const isPanic = diedOf(
      scene,
      /hard LOCKUP/i,
      /^watchdog_(?:overflow_callback|hardlockup_check|buddy_check_hardlockup)$/,
    )
    const told = new Set<number>()
    if (isPanic) {
      const cpu = Number(SAID.exec(said?.text ?? '')?.[1] ?? scene.panicCpu ?? 0)
      told.add(cpu)
      yield panicFinding(
        scene,
        cpu,
        said?.text,
        hangs.find((each) => each.cpu === cpu),
      )
    }
    for (const hang of hangs.slice(0, CPUS_MAX))
      if (!told.has(hang.cpu)) yield memoryFinding(scene, hang)
    yield* deafFinding(scene)
  },
}

/** CPUs that the crash could not stop, while it stopped others: not even an NMI got through. */
function* deafFinding(scene: Scene): Generator<Finding> {
  const { panicCpu, cpus } = scene
  if (panicCpu === undefined) return
  const others = cpus.filter((cpu) => cpu !== panicCpu)
  const deaf = others.filter((cpu) => isWithoutRegisters(scene, cpu))
  const [first] = deaf
  // Where none saved any, they were stopped in a way that saves none.
  if (first === undefined || deaf.length === others.length) return
  yield {
    ...finding(`CPU ${formatCpuList(deaf)} did not answer the NMI that stopped the others`, first),
    role: 'state',
    confidence: 'possible',
    evidence: deaf.slice(0, CPUS_MAX).map((cpu) => {
      const task = scene.currentTask(cpu)
      const text = `CPU ${cpu} saved no registers; it ran ${task ? taskText(task) : 'an unknown task'}`
      return task ? taskEvidence(task, text) : { text, command: `bt -c ${cpu}` }
    }),
    culprit: null,
    explains: [],
  }
}

function isWithoutRegisters(scene: Scene, cpu: number): boolean {
  return attempt(() => crashRegisters(scene.program, cpu)) === undefined
}

function panicFinding(
  scene: Scene,
  cpu: number,
  said: string | undefined,
  hang: CpuHang | undefined,
): Finding {
  const code = stuckCode(scene, cpu)
  const line = said === undefined ? [] : [{ text: `the log says: ${said}`, command: 'log' }]
  return {
    ...finding(
      `CPU ${cpu} took no interrupts: ${whoRan(scene.currentTask(cpu))} ${code.text}`,
      cpu,
    ),
    role: 'cause',
    confidence: 'certain',
    evidence: [
      ...panicEvidence(scene),
      ...line,
      ...code.evidence,
      ...(hang?.evidence ?? []),
      ...counterEvidence(scene, cpu),
    ],
    culprit: code.culprit,
    explains: ['panic', 'nmi', 'soft-lockup', 'rcu-stall', 'workqueue-lockup', 'hung-task'],
  }
}

function memoryFinding(scene: Scene, hang: CpuHang): Finding {
  const { cpu, seconds, task } = hang
  const code = stuckCode(scene, cpu)
  return {
    ...finding(
      `CPU ${cpu} had taken no interrupts for ${seconds} s: ${whoRan(task)} ${code.text}`,
      cpu,
    ),
    role: hangRole(scene),
    confidence: 'likely',
    evidence: [...hang.evidence, ...code.evidence, ...counterEvidence(scene, cpu)],
    culprit: code.culprit,
    // CPUs that wait for an answer of this one are stuck as well.
    explains: HANG_DEATHS.filter((kind) => kind !== 'hard-lockup'),
  }
}

function counterEvidence({ program }: Scene, cpu: number): Evidence[] {
  if (!hasMissedTimer(program, cpu)) return []
  return [
    {
      text: `CPU ${cpu} took no interrupt of the watchdog's timer since the detector last looked`,
      command: `p hrtimer_interrupts_saved:${cpu}`,
    },
  ]
}

function finding(
  title: string,
  cpu: number,
): Pick<Finding, 'kind' | 'title' | 'refutedBy' | 'next'> {
  return {
    kind: 'hard-lockup',
    title,
    refutedBy: [
      'a virtual CPU that its host did not run, or firmware (SMM) that kept the CPU, for so long',
    ],
    next: [
      { text: 'see the loop it was in', command: `bt -c ${cpu}` },
      {
        text: 'see what the other CPUs did: one may hold what this one waits for',
        command: 'bt -a',
      },
      { text: 'see whose clock stood still', command: 'runq -T' },
    ],
  }
}
