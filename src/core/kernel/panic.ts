// Who panicked and why. Source: kernel/panic.c, arch/x86/kernel/crash.c.
import { KdumpError } from '../base/errors.ts'
import type { Program } from '../program/program.ts'
import { forEachCpu } from './percpu.ts'
import { readLog } from './printk.ts'
import { currentTask, type Task } from './sched.ts'

/** The CPU that panicked; undefined for a dump of a machine that did not (a snapshot, a live system). */
export function panicCpu(program: Program): number | undefined {
  // Since v4.4 panic_cpu holds it, -1 before; an oops goes to kexec without panic(), and sets crashing_cpu.
  for (const name of ['panic_cpu', 'crashing_cpu']) {
    if (!program.hasSymbol(name)) continue
    const cpu = program.memory.i32(program.symbol(name))
    if (cpu >= 0 && forEachCpu(program, 'possible').includes(cpu)) return cpu
  }
  return undefined
}

/** The task that was running where the kernel died. */
export function panicTask(program: Program): Task | undefined {
  const cpu = panicCpu(program)
  return cpu === undefined ? undefined : currentTask(program, cpu)
}

/** Lines that say why a kernel died, most telling first. */
const PANIC_LINES: readonly RegExp[] = [
  /^Kernel panic - not syncing: /,
  /^(BUG: (unable to handle|kernel NULL pointer|sleeping function|spinlock|soft lockup|workqueue|Bad )|kernel BUG at )/,
  /^Unable to handle kernel /,
  /^(general protection fault|divide error|invalid opcode|double fault|stack segment|int3|Oops)\b/,
  /^watchdog: BUG: (soft|hard) lockup/,
  /^sysrq: (SysRq : )?Trigger a crash/i,
]

/**
 * The message the kernel died with.
 *
 * An oops with panic_on_oops goes to the capture kernel before any "Kernel panic" line is printed, so
 * other last words count too; a line of a later kind counts only if the log has none of an earlier one.
 *
 * @returns '' if the log says nothing
 */
export function panicMessage(program: Program): string {
  const found: (string | undefined)[] = PANIC_LINES.map(() => undefined)
  try {
    for (const { text } of readLog(program.memory, program.info)) {
      for (const line of text.split('\n')) {
        const kind = PANIC_LINES.findIndex((pattern) => pattern.test(line))
        if (kind >= 0) found[kind] = line
      }
    }
  } catch (error) {
    if (!(error instanceof KdumpError)) throw error
  }
  return found.find((line) => line !== undefined) ?? ''
}
