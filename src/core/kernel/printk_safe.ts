// printk() from NMI and unsafe context went to per-CPU buffers first, v4.7 to v5.14. Source: kernel/printk/printk_safe.c.
import { decodeCString } from '../base/text.ts'
import type { Program } from '../program/program.ts'
import { forEachCpu, perCpu } from './percpu.ts'

/** One CPU's buffer. */
export interface PrintkSafeBuffer {
  /** The variable: nmi_print_seq, safe_print_seq. */
  readonly name: string
  readonly cpu: number
  readonly address: bigint
  readonly messagesLost: number
  /** What has not reached the log; '' mostly. */
  readonly text: string
}

/** SAFE_LOG_BUF_LEN is at most 2^21 (CONFIG_PRINTK_SAFE_LOG_BUF_SHIFT). */
const BUFFER_SIZE_MAX = 1 << 21

/**
 * Walk the buffers of every CPU. Since v5.15, commit 93d102f094be ("printk: remove safe buffers"), there are none.
 */
export function* forEachPrintkSafeBuffer(program: Program): Generator<PrintkSafeBuffer> {
  for (const name of ['nmi_print_seq', 'safe_print_seq'].filter((symbol) =>
    program.hasSymbol(symbol),
  )) {
    for (const cpu of forEachCpu(program, 'possible')) {
      const buffer = perCpu(program, name, cpu, 'struct printk_safe_seq_buf')
      const size = Math.min(buffer.number('len.counter'), BUFFER_SIZE_MAX)
      const bytes = program.memory.bytes(buffer.get('buffer').address, Math.max(0, size))
      yield {
        name,
        cpu,
        address: buffer.address,
        messagesLost: buffer.find('message_lost')?.number('counter') ?? 0,
        text: decodeCString(bytes),
      }
    }
  }
}
