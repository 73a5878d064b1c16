// A CPU that took interrupts and switched tasks no more. Source: kernel/watchdog.c watchdog_timer_fn().
import type { CpuHang } from '../cpu_hang.ts'
import { diedOf, hangRole, HANG_DEATHS, panicEvidence } from '../hang_death.ts'
import { whoRan, stuckCode } from '../hang_text.ts'
import { blame } from '../blame.ts'
import { printedFrames } from '../fault.ts'
import { inCulprit } from '../frame_text.ts'
import type { Evidence, Finding, Rule } from '../rule.ts'
import type { Scene } from '../scene.ts'
import type { Trouble } from '../trouble.ts'

/** "watchdog: BUG: soft lockup - CPU#1 stuck for 26s! [sh:123]"; "NMI watchdog: " before v4.13. */
const SAID = /soft lockup - CPU#(\d+) stuck for (\d+)s! \[(.*):(\d+)\]/
/** The watchdog speaks again every so often of a CPU that is still stuck. */
const STILL_NSEC = 60_000_000_000n
/** CPUs told of one by one: where one hangs many soon wait for it. */
const CPUS_MAX = 8

export const softLockup: Rule = {
  name: 'soft_lockup',
  summary: 'a CPU that ran one task and did not schedule',
  needs: [],
  *find(scene) {
    const said = scene.troubles.filter(({ kind }) => kind === 'soft-lockup')
    const last = said.at(-1)
    const hangs = scene.cpuHangs.filter(({ lost }) => lost === 'scheduling')
    const isPanic = diedOf(scene, /softlockup: hung tasks/, /^watchdog_timer_fn$/)
    const told = new Set<number>()
    if (isPanic) {
      const cpu = cpuOf(last) ?? scene.panicCpu
      if (cpu === undefined) return
      told.add(cpu)
      yield panicFinding(scene, cpu, last, hangs)
    }
    for (const hang of hangs.slice(0, CPUS_MAX)) {
      if (told.has(hang.cpu)) continue
      told.add(hang.cpu)
      yield memoryFinding(
        scene,
        hang,
        said.findLast((each) => cpuOf(each) === hang.cpu),
      )
    }
    for (const trouble of latestByCpu(said)) {
      const cpu = cpuOf(trouble)
      if (cpu !== undefined && !told.has(cpu)) yield survivedFinding(scene, trouble, cpu)
    }
  },
}

function cpuOf(trouble: Trouble | undefined): number | undefined {
  const cpu = SAID.exec(trouble?.line ?? '')?.[1]
  return cpu === undefined ? trouble?.cpu : Number(cpu)
}

const saidEvidence = (trouble: Trouble | undefined): Evidence[] =>
  trouble ? [{ text: `the log says: ${trouble.line}`, command: 'log' }] : []

function panicFinding(
  scene: Scene,
  cpu: number,
  trouble: Trouble | undefined,
  hangs: readonly CpuHang[],
): Finding {
  const code = stuckCode(scene, cpu)
  const seconds = SAID.exec(trouble?.line ?? '')?.[2]
  const long = seconds === undefined ? '' : ` for ${seconds} s`
  const hang = hangs.find((each) => each.cpu === cpu)
  return {
    ...finding(
      `CPU ${cpu} did not schedule${long}: ${whoRan(scene.currentTask(cpu))} ${code.text}`,
    ),
    role: 'cause',
    confidence: 'certain',
    evidence: [
      ...panicEvidence(scene),
      ...saidEvidence(trouble),
      ...code.evidence,
      ...(hang?.evidence ?? []),
    ],
    culprit: code.culprit,
    next: nextSteps(cpu),
    explains: ['panic', 'rcu-stall', 'workqueue-lockup', 'hung-task'],
  }
}

function memoryFinding(scene: Scene, hang: CpuHang, trouble: Trouble | undefined): Finding {
  const { cpu, seconds, task } = hang
  const code = stuckCode(scene, cpu)
  return {
    ...finding(`CPU ${cpu} had not scheduled for ${seconds} s: ${whoRan(task)} ${code.text}`),
    role: hangRole(scene),
    confidence: 'likely',
    evidence: [...saidEvidence(trouble), ...hang.evidence, ...code.evidence],
    culprit: code.culprit,
    next: nextSteps(cpu),
    explains: HANG_DEATHS.filter((kind) => kind !== 'soft-lockup' && kind !== 'hard-lockup'),
  }
}

/** The log's own trace is all there is of it. */
function survivedFinding(scene: Scene, trouble: Trouble, cpu: number): Finding {
  const culprit = blame(scene.program, printedFrames(scene, trouble))
  const [, , seconds = '?', comm = '?', pid = '?'] = SAID.exec(trouble.line) ?? []
  const end = scene.lines.at(-1)?.tsNsec ?? 0n
  const isLate = end - trouble.tsNsec <= STILL_NSEC
  return {
    ...finding(
      `CPU ${cpu} had not scheduled for ${seconds} s${inCulprit(culprit)}, for PID ${pid} "${comm}", and later did`,
    ),
    role: 'earlier',
    confidence: isLate ? 'likely' : 'possible',
    evidence: saidEvidence(trouble),
    culprit,
    next: [{ text: 'see its trace', command: 'log' }],
    explains: [],
  }
}

function latestByCpu(said: readonly Trouble[]): Trouble[] {
  return [...new Map(said.map((trouble) => [cpuOf(trouble), trouble])).values()]
}

function finding(title: string): Pick<Finding, 'kind' | 'title' | 'refutedBy'> {
  return {
    kind: 'soft-lockup',
    title,
    refutedBy: [
      'a virtual CPU that its host did not run for so long',
      'the function being one that takes as long on this machine: a flood of interrupts, a very long list',
    ],
  }
}

function nextSteps(cpu: number): Finding['next'] {
  return [
    { text: 'see the loop it was in', command: `bt -c ${cpu}` },
    { text: 'see what the other CPUs did: one may hold what this one waits for', command: 'bt -a' },
    { text: 'see how long each CPU ran its task', command: 'runq -m' },
  ]
}
