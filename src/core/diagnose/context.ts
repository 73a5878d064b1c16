// In which context code ran: a stack taken apart where interrupts, exceptions and softirqs cut in, innermost first.
// Source: arch/x86/entry/entry_64.S, arch/x86/include/asm/idtentry.h, arch/arm64/kernel/entry.S, kernel/softirq.c.
import type { NamedFrame } from './named_frame.ts'
import { bareName } from './panic_machinery.ts'

/** What cut in; 'task' for what a thread does itself. */
export type ContextKind = 'nmi' | 'exception' | 'hardirq' | 'softirq' | 'task'

/** Frames that ran in one context. */
export interface Context {
  readonly kind: ContextKind
  /** Innermost first; the entry, where there is one, last. */
  readonly frames: readonly NamedFrame[]
}

const NMI = /^(?:asm_exc_nmi|exc_nmi|end_repeat_nmi|nmi|asm_exc_nmi_noist|paranoid_nmi)$/
const INTERRUPT =
  /^(?:asm_(?:sysvec_\w+|common_interrupt|spurious_interrupt)|common_interrupt|ret_from_intr|apic_timer_interrupt|reschedule_interrupt|call_function_(?:single_)?interrupt|\w+_interrupt|el[01][ht]?_?(?:64_)?(?:irq|fiq)\w*|smp_\w+_interrupt|asm_call_irq_on_stack|asm_call_sysvec_on_stack)$/
/** Until v6.9 __do_softirq(), handle_softirqs() since. */
const SOFTIRQ = /^(?:__do_softirq|handle_softirqs|__softirqentry_text_start|_stext)$/
/** The way from the end of an interrupt to the softirqs it left. */
const IRQ_EXIT =
  /^(?:__?irq_exit(?:_rcu)?|irq_exit_rcu|invoke_softirq|do_softirq_own_stack|do_softirq|asm_call_\w+_on_stack|sysvec_\w+|common_interrupt|smp_\w+_interrupt|asm_\w+|el1_\w+|el1h_\w+|gic_handle_irq|handle_domain_irq|generic_handle_domain_irq|call_on_irq_stack|do_interrupt_handler|__el1_irq)$/

/**
 * Take a stack apart.
 *
 * A softirq that ran at the end of an interrupt is one context with it: what the interrupt itself did was over.
 */
export function splitContexts(frames: readonly NamedFrame[]): Context[] {
  const contexts: Context[] = []
  let start = 0
  for (let index = 1; index <= frames.length; index++) {
    if (index < frames.length && !frames[index]?.interrupted) continue
    const isLast = index === frames.length
    contexts.push(...splitSoftirq(frames.slice(start, index), isLast))
    start = index
  }
  return contexts
}

function splitSoftirq(frames: readonly NamedFrame[], isLast: boolean): Context[] {
  const kind = isLast ? 'task' : entryKind(frames)
  const at = frames.findIndex(({ name }) => name !== null && SOFTIRQ.test(bareName(name)))
  if (at < 0) return frames.length === 0 ? [] : [{ kind, frames }]
  const rest = frames.slice(at + 1)
  const isOnlyExit = rest.every(({ name }) => name === null || IRQ_EXIT.test(bareName(name)))
  if (!isLast && isOnlyExit) return [{ kind: 'softirq', frames }]
  const softirq: Context = { kind: 'softirq', frames: frames.slice(0, at + 1) }
  return rest.length === 0 ? [softirq] : [softirq, { kind, frames: rest }]
}

/** By the entry that lies right above what was interrupted. */
function entryKind(frames: readonly NamedFrame[]): ContextKind {
  const names = frames.slice(-3).map(({ name }) => bareName(name ?? ''))
  if (names.some((name) => NMI.test(name))) return 'nmi'
  return names.some((name) => INTERRUPT.test(name)) ? 'hardirq' : 'exception'
}

const WATCHERS =
  /^(?:watchdog_timer_fn|watchdog_(?:overflow_callback|hardlockup_check)|rcu_sched_clock_irq|wq_watchdog_timer_fn)$/

/** Was this context there to see whether the CPU still moves? Then what it cut into is what matters. */
export function isWatching({ frames }: Context): boolean {
  return frames.some(({ name }) => WATCHERS.test(bareName(name ?? '')))
}

/** Reasons for a CPU to be interrupted that say nothing of what it did: dying, being stopped, the watchdog's look. */
const LOOKING_ON =
  /^(?:v?panic|nmi_panic|__crash_kexec|crash_kexec|machine_kexec|crash_nmi_callback|kdump_nmi_callback|ipi_cpu_crash_stop|ipi_cpu_stop|machine_crash_nonpanic_core|crash_save_cpu|nmi_handle|default_do_nmi|sysvec_reboot|stop_this_cpu|sysrq_handle_crash)$/

function isLookingOn(frames: readonly NamedFrame[]): boolean {
  return frames.some(({ name }) => {
    const bare = bareName(name ?? '')
    return LOOKING_ON.test(bare) || WATCHERS.test(bare)
  })
}

/**
 * What a CPU was doing when it was stopped: the stack from the innermost context that is not there to watch or to die. A
 * fault does not count as watching: its handler stands where the fault happened.
 */
export function stoppedFrames(frames: readonly NamedFrame[]): readonly NamedFrame[] {
  const contexts = splitContexts(frames)
  const first = contexts.findIndex(
    ({ kind, frames: own }) => kind === 'task' || (kind !== 'nmi' && !isLookingOn(own)),
  )
  return contexts.slice(Math.max(first, 0)).flatMap(({ frames: own }) => own)
}
