// What each CPU did when the machine died.
import { attempt } from '../../base/errors.ts'
import { formatHex } from '../../base/hex.ts'
import { cpuRq, schedClock, taskLastArrival } from '../../kernel/runqueue.ts'
import type { Task } from '../../kernel/sched.ts'
import { crashRegisters } from '../../kernel/stack.ts'
import { blamedFrame } from '../blame.ts'
import { withoutMachinery } from '../fault.ts'
import type { CpuState } from '../machine_state.ts'
import type { NamedFrame } from '../named_frame.ts'
import { bareName } from '../panic_machinery.ts'
import type { Scene, SceneTrace } from '../scene.ts'

/** CPUs described: all that there are. */
const CPUS_MAX = 8192

/** Describe the CPUs that were online. */
export function readCpuStates(scene: Scene): CpuState[] {
  const now = attempt(() => schedClock(scene.program))
  return scene.cpus.slice(0, CPUS_MAX).map((cpu) => readCpu(scene, cpu, now))
}

function readCpu(scene: Scene, cpu: number, now: bigint | undefined): CpuState {
  const { program } = scene
  const task = scene.currentTask(cpu)
  const trace = scene.cpuTrace(cpu)
  const place = placeOf(trace, attempt(() => task?.number('pid')) === 0)
  const registers = attempt(() => crashRegisters(program, cpu))
  return {
    cpu,
    pid: attempt(() => task?.number('pid')) ?? 0,
    comm: attempt(() => task?.string('comm')) ?? '',
    task: formatHex(task?.address ?? 0n),
    idle: place.mode === 'idle',
    ...place,
    runSeconds: task && now !== undefined ? runSeconds(task, now) : null,
    queued: attempt(() => queuedTasks(scene, cpu)) ?? null,
    // Who panics disables them.
    interruptsOff:
      registers && cpu !== scene.panicCpu ? !program.arch.takesInterrupts(registers) : null,
    missedNmi: scene.panicCpu !== undefined && registers === undefined,
  }
}

/** The task that runs counts as runnable too, the idle one does not. */
function queuedTasks({ program }: Scene, cpu: number): number {
  const rq = cpuRq(program, cpu)
  const isIdle = rq.pointer('curr') === rq.pointer('idle')
  return Math.max(0, rq.number('nr_running') - (isIdle ? 0 : 1))
}

function runSeconds(task: Task, now: bigint): number | null {
  const since = attempt(() => taskLastArrival(task)) ?? 0n
  return since === 0n || since > now ? null : Number(now - since) / 1e9
}

/** Entries of contexts; which of them comes first on the way out tells the context. */
const CONTEXTS: readonly (readonly [mode: CpuState['mode'], pattern: RegExp])[] = [
  ['nmi', /^(?:asm_exc_nmi|exc_nmi|default_do_nmi|do_nmi|end_repeat_nmi|nmi_handle)$/],
  // handle_softirqs() since v6.10, commit ce3576ebd62d ("softirq: Fix suspicious RCU usage in __do_softirq()").
  ['softirq', /^(?:__do_softirq|handle_softirqs|do_softirq|do_softirq_own_stack)$/],
  [
    'hardirq',
    /^(?:(?:asm_)?(?:sysvec_\w+|common_interrupt)|do_IRQ|handle_\w+_irq|handle_irq_event\w*|(?:smp_)?apic_timer_interrupt|el1_interrupt|el1h_64_irq|gic_handle_irq|generic_handle_\w*irq)$/,
  ],
]

function placeOf(
  { frames, end }: SceneTrace,
  isIdleTask: boolean,
): Pick<CpuState, 'mode' | 'function'> {
  const rest = withoutMachinery(frames)
  for (const [index, { name }] of frames.entries()) {
    const mode = name === null ? undefined : contextOf(name)
    if (mode === undefined) continue
    // Of an NMI what it interrupted is of more interest than its handler.
    const part = mode === 'nmi' ? withoutMachinery(frames.slice(index + 1)) : rest
    return { mode, function: functionOf(part) }
  }
  if (isIdleTask) return { mode: 'idle', function: rest[0]?.name ?? null }
  if (rest.length > 0) return { mode: 'kernel', function: functionOf(rest) }
  return { mode: end === 'user' ? 'user' : 'unknown', function: null }
}

function contextOf(name: string): CpuState['mode'] | undefined {
  const bare = bareName(name)
  return CONTEXTS.find(([, pattern]) => pattern.test(bare))?.[0]
}

const functionOf = (frames: readonly NamedFrame[]): string | null =>
  (blamedFrame(frames) ?? frames[0])?.name ?? null
