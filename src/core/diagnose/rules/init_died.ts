// PID 1 ended, which no kernel survives. Source: kernel/exit.c do_exit(): "Attempted to kill init! exitcode=0x%08x".
import { attempt } from '../../base/errors.ts'
import { mmArguments, taskMm } from '../../kernel/mm.ts'
import { signalName } from '../../kernel/signal.ts'
import type { Task } from '../../kernel/sched.ts'
import { unitCulprit } from '../blame.ts'
import { bareName } from '../panic_machinery.ts'
import type { Evidence, Rule } from '../rule.ts'
import type { Scene } from '../scene.ts'
import { taskEvidence, taskText } from '../task_text.ts'

const SIGNAL_MAX = 64
/** Signals that the code itself brings upon itself. */
const FAULTS: readonly string[] = [
  'SIGSEGV',
  'SIGBUS',
  'SIGILL',
  'SIGFPE',
  'SIGABRT',
  'SIGSYS',
  'SIGTRAP',
]

export const initDied: Rule = {
  name: 'init_died',
  summary: 'the first process exited or was killed',
  needs: [],
  *find(scene) {
    const said = /Attempted to kill init!(?: exitcode=0x([\da-f]{8}))?/.exec(scene.panicReason)
    if (!said) return
    const task = initTask(scene)
    const code = said[1] === undefined ? undefined : Number.parseInt(said[1], 16)
    const who = task ? taskText(task) : 'PID 1'
    yield {
      kind: 'init-died',
      role: 'cause',
      title: `init died: ${who} ${code === undefined ? 'ended' : endText(code)}`,
      confidence: 'certain',
      evidence: [
        { text: `panic: ${scene.panicReason}`, command: 'log' },
        ...faultLines(scene, task),
        ...taskLines(task, who),
        ...wayEvidence(scene),
      ],
      refutedBy: ['an oops in a system call of PID 1: then the kernel killed it'],
      culprit: unitCulprit(who),
      next: nextSteps(code),
      explains: ['panic'],
    }
  },
}

function initTask(scene: Scene): Task | undefined {
  const task = scene.panicTask
  // Any of its threads may be the one that took it down.
  if (task && attempt(() => task.number('tgid')) === 1) return task
  return scene.tasks.find((each) => attempt(() => each.number('pid')) === 1)
}

/** A wait status: the signal in the low 7 bits, whether there was a core above, the exit status in the next byte. */
function endText(code: number): string {
  const signal = code & 0x7f
  if (signal === 0) return `exited with status ${(code >> 8) & 0xff}`
  const name = signal <= SIGNAL_MAX ? signalName(signal) : 'a signal'
  return `was killed by ${name} (${signal})${code & 0x80 ? ', a core was to be dumped' : ''}`
}

/** "init[1]: segfault at 0 ip … sp … error 4 in libc.so.6[…]", "traps: init[1] general protection fault ip:…" */
function faultLines({ lines }: Scene, task: Task | undefined): Evidence[] {
  const pids = new Set([1, task && attempt(() => task.number('pid'))])
  return lines
    .filter(({ text }) => {
      const [, pid] =
        /^(?:traps: )?\S[^[]*\[(\d+)\]:? (?:segfault at |trap |general protection|bad frame)/.exec(
          text,
        ) ?? []
      return pid !== undefined && pids.has(Number(pid))
    })
    .slice(-3)
    .map(({ text }) => ({ text: `the log says: ${text}`, command: 'log' }))
}

function taskLines(task: Task | undefined, who: string): Evidence[] {
  if (!task) return []
  const mm = attempt(() => taskMm(task))
  const list = (mm && attempt(() => mmArguments(mm))) ?? []
  const ran = list.length === 0 ? '' : `, run as ${list.join(' ').slice(0, 160)}`
  return [taskEvidence(task, `${who} was what died${ran}`)]
}

/** Whether it left by itself or was made to. */
function wayEvidence({ panicTrace }: Scene): Evidence[] {
  const names = panicTrace.frames.map(({ name }) => bareName(name ?? ''))
  const way = names.includes('get_signal')
    ? 'it was ended by a signal, in get_signal()'
    : names.some((name) => /sys_exit(?:_group)?$/.test(name))
      ? 'it called exit itself'
      : names.some((name) => /^(?:make_task_dead|rewind_stack_and_make_dead|oops_end)$/.test(name))
        ? 'the kernel ended it after an oops'
        : ''
  return way === '' ? [] : [{ text: way, command: 'bt' }]
}

function nextSteps(code: number | undefined): { text: string; command: string }[] {
  const signal = (code ?? 0) & 0x7f
  const isFault = signal > 0 && signal <= SIGNAL_MAX && FAULTS.includes(signalName(signal))
  return [
    { text: 'see the last lines of the log before it', command: 'log' },
    isFault
      ? { text: 'see where in the program it faulted', command: 'bt 1' }
      : { text: 'see what init was: its arguments and environment', command: 'ps -a 1' },
  ]
}
