// The crash everybody tests with: `echo c > /proc/sysrq-trigger`. Source: drivers/tty/sysrq.c sysrq_handle_crash().
import type { Scenario } from '../scenario.ts'

/** A panic that somebody asked for. */
export const sysrq: Scenario = {
  name: 'sysrq',
  summary: "panic by 'echo c > /proc/sysrq-trigger'",
  sysrq: 'c',
  cmdline: '',
  panicMessage: /^Kernel panic - not syncing: sysrq triggered crash/,
}
