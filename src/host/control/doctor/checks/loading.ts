// What keeps this kernel from loading, or from loading again: lockdown, signatures, limits.
import type { Check, Patient } from '../check.ts'

/** Reasons of a refusal that can be known before. */
export const loading: Check = {
  ids: ['load-disabled', 'lockdown'],
  summary: 'look for what makes the kernel refuse a capture kernel',
  *examine(patient) {
    const { facts, crash } = patient
    if (facts.text('proc/sys/kernel/kexec_load_disabled') === '1' && crash.loaded) {
      yield {
        id: 'load-disabled',
        severity: 'warning',
        title: 'what is loaded now cannot be replaced before the next boot',
        evidence: ['kernel.kexec_load_disabled is 1'],
        fix: 'find who sets it (grep -r kexec_load_disabled /etc/sysctl*), and let kdump.service start before',
      }
    }
    const lockdown = /\[(\w+)\]/.exec(facts.text('sys/kernel/security/lockdown') ?? '')?.[1]
    const kernel = `/boot/vmlinuz-${patient.release}`
    if (lockdown !== undefined && lockdown !== 'none' && !isSigned(patient, kernel)) {
      yield {
        id: 'lockdown',
        severity: crash.loaded ? 'warning' : 'error',
        title: `the kernel is locked down (${lockdown}) and takes only signed kernels`,
        evidence: [`/sys/kernel/security/lockdown: ${lockdown}`, `${kernel} carries no signature`],
        fix: "install the distribution's signed kernel, or sign this one and enrol the key (mokutil)",
      }
    }
  },
}

/** A PE image names its certificate table in the fifth data directory. */
function isSigned({ facts }: Patient, kernel: string): boolean {
  const head = facts.bytes(kernel, 4096)
  if (head === undefined || head.length < 0x200) return true
  const view = new DataView(head.buffer, head.byteOffset, head.length)
  const pe = view.getUint32(0x3c, true)
  if (pe + 0xb0 > head.length || view.getUint32(pe, true) !== 0x4550) return false
  const optional = pe + 24
  const directories = view.getUint16(optional, true) === 0x20b ? optional + 112 : optional + 96
  return view.getUint32(directories + 4 * 8 + 4, true) > 0
}
