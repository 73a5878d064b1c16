// Why the running kernel has no memory reserved for a crash: what its command line asks, what its log says.
import { attempt } from '../../core/base/errors.ts'
import { readKmsg } from '../platform/kmsg.ts'
import { splitCmdline } from './load/capture_cmdline.ts'
import { explainCrashkernel, explainedMachine } from './crashkernel/explain.ts'
import { type CrashkernelFacts, readCrashkernelFacts } from './crashkernel/machine_facts.ts'

/** Explain a missing reservation of the running kernel. */
export function explainNoReservation(): string {
  let log = ''
  try {
    log = readKmsg()
  } catch {
    // dmesg may be root's alone; the command line says enough.
  }
  const facts = readCrashkernelFacts()
  return explainNoReservationOf(facts.cmdline, log, () => simulate(facts))
}

/** Where the log is gone, what a kernel like this one would have said. */
function simulate(facts: CrashkernelFacts): string {
  // On an architecture whose rules are not known there is nothing to add.
  const explained = attempt(() => explainCrashkernel(facts.cmdline, explainedMachine(facts)))
  const { failure = '', advice = [] } = explained ?? {}
  return [failure, ...advice].filter((text) => text !== '').join('; ')
}

/**
 * Explain from the command line and the log as dmesg prints it.
 *
 * @param simulated asked where the log does not say why
 */
export function explainNoReservationOf(
  cmdline: string,
  log: string,
  simulated: () => string = () => '',
): string {
  const asked = splitCmdline(cmdline).filter((word) => word.startsWith('crashkernel='))
  if (asked.length === 0)
    return 'add crashkernel=192M (or more) to the kernel command line and reboot; kbox reset-crashkernel does it'
  if (asked.includes('crashkernel=auto')) {
    return 'only the kernels of RHEL 6 to 8 know crashkernel=auto: write a size, such as crashkernel=192M, and reboot; kbox reset-crashkernel does it'
  }
  // "crashkernel reservation failed - No suitable area found.", "crashkernel: memory value expected", "cannot allocate crashkernel (size:0x…)"
  const reason = log.split('\n').findLast((line) => {
    return /crashkernel/i.test(line) && !/command line/i.test(line)
  })
  const why =
    reason === undefined ? simulated() : `the kernel said: ${reason.replace(/^\[[^\]]*\] /, '')}`
  const said = why === '' ? '' : `; ${why}`
  return `the kernel could not serve ${asked.join(' ')}${said}`
}
