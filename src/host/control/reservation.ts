// Why the running kernel has no memory reserved for a crash: what its command line asks, what its log says.
import { readFileSync } from 'node:fs'
import { readKmsg } from '../platform/kmsg.ts'
import { splitCmdline } from './capture_cmdline.ts'

/** Explain a missing reservation of the running kernel. */
export function explainNoReservation(): string {
  let log = ''
  try {
    log = readKmsg()
  } catch {
    // dmesg may be root's alone; the command line says enough.
  }
  return explainNoReservationOf(readFileSync('/proc/cmdline', 'utf8').trim(), log)
}

/** Explain from the command line and the log as dmesg prints it. */
export function explainNoReservationOf(cmdline: string, log: string): string {
  const asked = splitCmdline(cmdline).filter((word) => word.startsWith('crashkernel='))
  if (asked.length === 0)
    return 'add crashkernel=192M (or more) to the kernel command line and reboot'
  if (asked.includes('crashkernel=auto')) {
    return 'only the kernels of RHEL 6 to 8 know crashkernel=auto: write a size, such as crashkernel=192M, and reboot'
  }
  // "crashkernel reservation failed - No suitable area found.", "crashkernel: memory value expected", "cannot allocate crashkernel (size:0x…)"
  const reason = log.split('\n').findLast((line) => {
    return /crashkernel/i.test(line) && !/command line/i.test(line)
  })
  const said =
    reason === undefined ? '' : `; the kernel said: ${reason.replace(/^\[[^\]]*\] /, '')}`
  return `the kernel could not serve ${asked.join(' ')}${said}`
}
