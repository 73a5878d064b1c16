// What a context was for, in words: which interrupt and its handler, which softirq, whose work, which timer, which system
// call. Source: kernel/irq/handle.c, kernel/softirq.c, kernel/time/{timer,hrtimer}.c, kernel/workqueue.c, kernel/kthread.c.
import { attempt } from '../base/errors.ts'
import { forEachIrqAction, forEachIrqDesc } from '../kernel/irq.ts'
import { forEachSystemCall } from '../kernel/syscall_table.ts'
import type { Program } from '../program/program.ts'
import type { Registers } from '../program/registers.ts'
import type { Context } from './context.ts'
import { functionText } from './frame_text.ts'
import type { NamedFrame } from './named_frame.ts'
import { bareName } from './panic_machinery.ts'

/** Softirqs by what serves them. @source kernel/softirq.c softirq_to_name */
const SOFTIRQS: Readonly<Record<string, string>> = {
  tasklet_hi_action: 'HI',
  run_timer_softirq: 'TIMER',
  net_tx_action: 'NET_TX',
  net_rx_action: 'NET_RX',
  blk_done_softirq: 'BLOCK',
  irq_poll_softirq: 'IRQ_POLL',
  tasklet_action: 'TASKLET',
  run_rebalance_domains: 'SCHED',
  sched_balance_softirq: 'SCHED',
  hrtimer_run_softirq: 'HRTIMER',
  rcu_core_si: 'RCU',
  rcu_core: 'RCU',
  rcu_process_callbacks: 'RCU',
}

/** Dispatchers: what they call is named in the place of the braces. */
const CALLERS: readonly (readonly [dispatcher: RegExp, text: string])[] = [
  [/^(?:call_timer_fn|expire_timers)$/, 'the timer function {}'],
  [/^__hrtimer_run_queues$/, 'the hrtimer function {}'],
  [/^tasklet_action_common$/, 'the tasklet {}'],
  [/^(?:__napi_poll|napi_poll)$/, 'the NAPI poll function {}'],
  [/^(?:rcu_do_batch)$/, 'the RCU callback {}'],
  [/^process_one_work$/, 'the work function {}'],
  [/^(?:__handle_irq_event_percpu|handle_irq_event_percpu)$/, 'the interrupt handler {}'],
  [/^irq_thread_fn$|^irq_forced_thread_fn$/, 'the threaded interrupt handler {}'],
  [
    /^(?:__flush_smp_call_function_queue|flush_smp_call_function_queue)$/,
    'the function {}, called by another CPU,',
  ],
  [/^(?:irq_work_single|irq_work_run_list)$/, 'the irq_work {}'],
  [/^kthread$/, 'the kernel thread function {}'],
]
/** Interrupts that need no handler to be known. */
const VECTORS: readonly (readonly [entry: RegExp, text: string])[] = [
  [/apic_timer_interrupt|^arch_timer_handler/, 'the timer interrupt'],
  [/reschedule_ipi|reschedule_interrupt/, 'a reschedule IPI'],
  [/call_function/, 'a function call IPI'],
  [/irq_work/, 'an irq_work interrupt'],
  [/thermal|threshold|deferred_error/, 'an interrupt of the hardware about its own state'],
]
const FRAMES_MAX = 400

/** What was called by a dispatcher, and how it is called. */
export interface Dispatched {
  readonly text: string
  readonly frame: NamedFrame
}

/** The innermost function on these frames that a dispatcher called without knowing it. */
export function findDispatched(frames: readonly NamedFrame[]): Dispatched | undefined {
  for (let index = 1; index < Math.min(frames.length, FRAMES_MAX); index++) {
    const dispatcher = bareName(frames[index]?.name ?? '')
    const callee = frames[index - 1]
    const found = CALLERS.find(([pattern]) => pattern.test(dispatcher))
    if (found && callee && callee.name !== null)
      return { text: found[1].replace('{}', functionText(callee)), frame: callee }
  }
  return undefined
}

/** `a softirq (NET_RX)`, `the timer interrupt, in the hrtimer function pacer_tick()`. */
export function contextText(program: Program, context: Context): string {
  const { kind, frames } = context
  const dispatched = findDispatched(frames)
  const within = dispatched ? `, in ${dispatched.text}` : ''
  switch (kind) {
    case 'nmi':
      return 'an NMI'
    case 'exception':
      return `an exception (${frames.at(-1)?.name ?? 'unknown'})`
    case 'softirq': {
      const served = frames
        .map(({ name }) => SOFTIRQS[bareName(name ?? '')])
        .find((name) => name !== undefined)
      return `a softirq${served === undefined ? '' : ` (${served})`}${within}`
    }
    case 'hardirq': {
      const vector = VECTORS.find(([entry]) => frames.some(({ name }) => entry.test(name ?? '')))
      const number = dispatched && attempt(() => irqText(program, dispatched.frame))
      return `${vector?.[1] ?? number ?? 'an interrupt'}${within}`
    }
    case 'task':
      return dispatched?.text ?? ''
  }
}

/** `interrupt 24 (virtio0-input.0)`: the one that has this handler. */
function irqText(program: Program, { ip, name }: NamedFrame): string | undefined {
  const start = program.symbolAt(ip - 1n)?.address
  if (start === undefined || name === null) return undefined
  for (const { irq, desc } of forEachIrqDesc(program)) {
    for (const action of forEachIrqAction(desc)) {
      if (action.pointer('handler') !== start && action.pointer('thread_fn') !== start) continue
      return `interrupt ${irq} (${action.string('name')})`
    }
  }
  return undefined
}

/** `write()`: the system call that user mode made; undefined if it came by a fault or an interrupt. */
export function systemCallText(
  program: Program,
  registers: Registers | undefined,
): string | undefined {
  const number = registers?.orig_ax
  // Interrupts and exceptions leave -1, or less, there.
  if (number === undefined || BigInt.asIntN(32, number) < 0n) return undefined
  const found = attempt(() => {
    for (const call of forEachSystemCall(program))
      if (BigInt(call.number) === number) return call.name
    return ''
  })
  const name = found?.replace(/^__(?:x64|ia32|arm64|se)_sys_/, '') ?? ''
  return name === '' ? `system call ${number}` : `${name}()`
}
