// Stacks as kernels of several releases leave them, taken apart.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { splitContexts, stoppedFrames } from './context.ts'
import type { NamedFrame } from './named_frame.ts'

/** `name!` was interrupted by the frame before it. */
const framesOf = (text: string): NamedFrame[] =>
  text.split(' ').map((word) => ({
    ...{ name: word.replace(/!$/, ''), interrupted: word.endsWith('!') },
    ...{ offset: 0, module: '', ip: 0n, sp: 0n, quality: 'exact', registers: undefined },
  }))

const split = (text: string): string[] =>
  splitContexts(framesOf(text)).map(
    ({ kind, frames }) => `${kind}: ${frames.map(({ name }) => name).join(' ')}`,
  )

const stopped = (text: string): string =>
  stoppedFrames(framesOf(text))
    .map(({ name }) => name)
    .join(' ')

test('a stack without an entry is the task itself', () => {
  assert.deepEqual(split('panic! driver_probe kthread ret_from_fork'), [
    'task: panic driver_probe kthread ret_from_fork',
  ])
  assert.deepEqual(split(''), ['task: '])
})

test('an interrupt, and an NMI within it, are contexts of their own', () => {
  assert.deepEqual(
    split(
      'panic! exc_nmi asm_exc_nmi handler! handle_irq_event common_interrupt asm_common_interrupt loop! kthread',
    ),
    [
      'nmi: panic exc_nmi asm_exc_nmi',
      'hardirq: handler handle_irq_event common_interrupt asm_common_interrupt',
      'task: loop kthread',
    ],
  )
})

test('a softirq at the end of an interrupt hides the interrupt, under its old and its new name', () => {
  for (const name of ['__do_softirq', 'handle_softirqs']) {
    assert.deepEqual(
      split(
        `oops! call_timer_fn ${name} irq_exit_rcu sysvec_apic_timer_interrupt asm_sysvec_apic_timer_interrupt idle! do_idle`,
      ),
      [
        `softirq: oops call_timer_fn ${name} irq_exit_rcu sysvec_apic_timer_interrupt asm_sysvec_apic_timer_interrupt`,
        'task: idle do_idle',
      ],
    )
  }
})

test('a softirq of a thread leaves the thread its own frames', () => {
  assert.deepEqual(split('oops! net_rx_action handle_softirqs run_ksoftirqd kthread'), [
    'softirq: oops net_rx_action handle_softirqs',
    'task: run_ksoftirqd kthread',
  ])
})

test('a fault is an exception, and what it stands on was interrupted', () => {
  assert.deepEqual(split('panic! exc_page_fault asm_exc_page_fault victim! caller'), [
    'exception: panic exc_page_fault asm_exc_page_fault',
    'task: victim caller',
  ])
})

test("what looks on is not what the CPU did: the watchdog's timer, the NMI that stopped it", () => {
  assert.equal(
    stopped('panic! watchdog_timer_fn hrtimer_interrupt asm_sysvec_apic_timer_interrupt loop! f'),
    'loop f',
  )
  assert.equal(stopped('crash_nmi_callback! exc_nmi asm_exc_nmi loop! f'), 'loop f')
  // Registers saved by the NMI's handler for what it interrupted.
  assert.equal(stopped('loop! f'), 'loop f')
})

test('an interrupt handler that loops is what its CPU did', () => {
  assert.equal(
    stopped(
      'nmi_panic! exc_nmi asm_exc_nmi handler! common_interrupt asm_common_interrupt idle! do_idle',
    ),
    'handler common_interrupt asm_common_interrupt idle do_idle',
  )
})
