// What each CPU did when the machine died.
import { attempt } from '../../base/errors.ts'
import { formatHex } from '../../base/hex.ts'
import { cpuRq, taskLastArrival } from '../../kernel/runqueue.ts'
import { crashRegisters } from '../../kernel/stack.ts'
import { blamedFrame } from '../blame.ts'
import { splitContexts, stoppedFrames, type ContextKind } from '../context.ts'
import { interruptsOff, isIdle, latestClock } from '../cpu_hang.ts'
import { withoutMachinery } from '../fault.ts'
import type { CpuState } from '../machine_state.ts'
import type { Scene } from '../scene.ts'

/** Describe the CPUs that were online. */
export function readCpuStates(scene: Scene): CpuState[] {
  const now = latestClock(scene)
  return scene.cpus.map((cpu) => readCpu(scene, cpu, now))
}

function readCpu(scene: Scene, cpu: number, now: bigint | undefined): CpuState {
  const task = scene.currentTask(cpu)
  const place = placeOf(scene, cpu)
  const registers = attempt(() => crashRegisters(scene.program, cpu))
  const since = task && attempt(() => taskLastArrival(task))
  return {
    cpu,
    pid: attempt(() => task?.number('pid')) ?? 0,
    comm: attempt(() => task?.string('comm')) ?? '',
    task: formatHex(task?.address ?? 0n),
    idle: place.mode === 'idle',
    ...place,
    runSeconds: since && now !== undefined && since <= now ? Number(now - since) / 1e9 : null,
    queued: attempt(() => queuedTasks(scene, cpu)) ?? null,
    // Who panics disables them.
    interruptsOff:
      cpu === scene.panicCpu ? null : (interruptsOff(scene.program, registers) ?? null),
    missedNmi: scene.panicCpu !== undefined && cpu !== scene.panicCpu && registers === undefined,
  }
}

/** The task that runs counts as runnable too, the idle one does not. */
function queuedTasks({ program }: Scene, cpu: number): number {
  const rq = cpuRq(program, cpu)
  const running = rq.pointer('curr') === rq.pointer('idle') ? 0 : 1
  return Math.max(0, rq.number('nr_running') - running)
}

const MODES: Readonly<Record<ContextKind, CpuState['mode']>> = {
  ...{ nmi: 'nmi', hardirq: 'hardirq', softirq: 'softirq', task: 'kernel' },
  // A fault's handler runs for the task that faulted.
  exception: 'kernel',
}

function placeOf(scene: Scene, cpu: number): Pick<CpuState, 'mode' | 'function'> {
  const { frames, end } = scene.cpuTrace(cpu)
  const stopped = stoppedFrames(frames)
  if (stopped.length === 0) return { mode: end === 'user' ? 'user' : 'unknown', function: null }
  const kind = splitContexts(stopped)[0]?.kind ?? 'task'
  const own = withoutMachinery(stopped)
  const name = (blamedFrame(own) ?? own[0])?.name ?? null
  if (kind === 'task' && isIdle(stopped)) return { mode: 'idle', function: name }
  return { mode: MODES[kind], function: name }
}
