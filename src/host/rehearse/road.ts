// The milestones of a crash, as guest and capture kernel announce them. Each wait ends with its milestone, or throws
// as soon as it is clear that the milestone will not come.
import { HostError } from '../../core/base/errors.ts'
import type { GuestMessage } from './guest_channel.ts'
import type { Machine, MachineEnd } from './machine.ts'

/** What is watched of a machine. */
export type WatchedMachine = Pick<Machine, 'console' | 'channel' | 'waitForEnd'>

/** Wait until the guest is in user space with its disk mounted. */
export async function awaitBoot(machine: WatchedMachine, signal: AbortSignal): Promise<true> {
  await awaitMessage(machine, 'up', signal)
  return true
}

/** Wait until the guest has something to do; returns how many processes it has. */
export async function awaitWorkload(machine: WatchedMachine, signal: AbortSignal): Promise<number> {
  const { processes } = await awaitMessage(machine, 'workload', signal)
  return processes
}

/** Wait until the guest is armed; returns what its commands printed. */
export async function awaitArmed(machine: WatchedMachine, signal: AbortSignal): Promise<string> {
  const { output } = await awaitMessage(machine, 'armed', signal)
  return output
}

/**
 * Wait until the guest has written down the truth and is ready to die.
 *
 * @returns its tasks a moment ago: `PID`, a blank and a line of /proc/PID/task/TID/stat each
 */
export async function awaitReady(machine: WatchedMachine, signal: AbortSignal): Promise<string[]> {
  const lines: string[] = []
  const { tasks } = await awaitMessage(machine, 'ready', signal, ({ pid, stat }) =>
    lines.push(`${pid} ${stat}\n`),
  )
  if (lines.length !== tasks)
    throw new HostError(`the guest sent ${tasks} tasks, ${lines.length} arrived`)
  return lines
}

/** Wait until the capture kernel is in user space. What the console said before is skipped. */
export async function awaitCaptureKernel(
  machine: WatchedMachine,
  signal: AbortSignal,
): Promise<true> {
  // A panic before these words is the one that is rehearsed, a panic behind them is the capture kernel's own.
  const begun = /Linux version [^\n]*/
  const match = await untilMachineEnds(machine, signal, (either) =>
    machine.console.waitFor(begun, either),
  )
  machine.console.consume(match)
  return awaitConsole(machine, /kbox: capture kernel is up/, signal)
}

/** Wait until the log of the crashed kernel is on the disk. */
export async function awaitDmesg(machine: WatchedMachine, signal: AbortSignal): Promise<true> {
  return awaitConsole(machine, /kbox: saving vmcore-dmesg\.txt(?:\.age)? complete/, signal)
}

/** Wait until the dump is on the disk under its final name. */
export async function awaitDump(machine: WatchedMachine, signal: AbortSignal): Promise<true> {
  return awaitConsole(machine, /kbox: saving vmcore(?:\.flat(?:\.age)?)? complete/, signal)
}

/** Wait until the machine is left: reset, powered off, or halted. */
export async function awaitEnd(machine: WatchedMachine, signal: AbortSignal): Promise<MachineEnd> {
  const stop = new AbortController()
  const either = AbortSignal.any([signal, stop.signal])
  const halted = machine.console
    .waitFor(/reboot: System halted/, either)
    .then(() => 'halted' as const)
  halted.catch(() => undefined)
  try {
    return await Promise.race([machine.waitForEnd(signal), halted])
  } finally {
    stop.abort()
  }
}

/** What a capture prints when the step that is waited for has failed, or cannot come any more. */
const FAILURES: readonly RegExp[] = [
  // A log that cannot be read is so for every target.
  /kbox: dmesg failed: [^\n]*\n/,
  // The first step that failed at the last target: what another target makes good is no failure.
  /kbox: [\w-]+ failed: [^\n]*\n(?:(?!kbox: target: )[^])*?kbox: failure_action: /,
  /kbox: the recorder ended with code \d+/,
  /kbox: the runtime cannot be mounted/,
  /Entering kdump emergency mode/,
  // Not the old kernel's, whose log a capture prints when a target takes nothing.
  /(?<!kbox: \| [^\n]*)Kernel panic - not syncing: [^\n]*\n/,
]

async function awaitConsole(
  machine: WatchedMachine,
  milestone: RegExp,
  signal: AbortSignal,
): Promise<true> {
  const pattern = new RegExp(
    [milestone, ...FAILURES].map(({ source }) => `(?:${source})`).join('|'),
  )
  const match = await untilMachineEnds(machine, signal, (either) =>
    machine.console.waitFor(pattern, either),
  )
  machine.console.consume(match)
  const [said = ''] = match[0].split('\n')
  if (!milestone.test(match[0])) throw new HostError(describeFailure(said))
  return true
}

function describeFailure(said: string): string {
  const [, panic] = /^Kernel panic - not syncing: (.*)/.exec(said) ?? []
  if (panic === undefined) return said.replace(/^kbox: /, '')
  const remedy = /memory/i.test(panic) ? ' (raise crashkernel=)' : ''
  return `the capture kernel panicked: ${panic}${remedy}`
}

/** Take messages until the one that is waited for; `onTask` gets the tasks on the way. */
async function awaitMessage<Event extends GuestMessage['event']>(
  machine: WatchedMachine,
  event: Event,
  signal: AbortSignal,
  onTask?: (task: Extract<GuestMessage, { event: 'task' }>) => void,
): Promise<Extract<GuestMessage, { event: Event }>> {
  for (;;) {
    const message = await untilMachineEnds(machine, signal, (either) =>
      machine.channel.next(either),
    )
    if (message.event === 'failed')
      throw new HostError(`in the guest: ${message.step}: ${message.error}`)
    if (message.event === 'task') onTask?.(message)
    if (message.event === event) return message as Extract<GuestMessage, { event: Event }>
  }
}

async function untilMachineEnds<T>(
  machine: WatchedMachine,
  signal: AbortSignal,
  wait: (either: AbortSignal) => Promise<T>,
): Promise<T> {
  const stop = new AbortController()
  const end = machine.waitForEnd(AbortSignal.any([signal, stop.signal]))
  end.then(
    (how) =>
      stop.abort(
        new HostError(how === 'killed' ? 'QEMU was ended' : `the machine ended before (${how})`),
      ),
    () => undefined,
  )
  try {
    return await wait(AbortSignal.any([signal, stop.signal]))
  } finally {
    stop.abort()
  }
}
