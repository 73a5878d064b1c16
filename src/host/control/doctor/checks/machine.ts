// What kind of machine this is, and what that means for a dump: confidential guests, clouds, how to send an NMI.
import type { Check, Finding, Patient } from '../check.ts'
import { readMachine } from '../../load/capture_cmdline.ts'
import { findPlatform, readPlatformFacts } from '../../load/platform_quirks.ts'
import { findCloud } from '../clouds.ts'

/** The machine itself. */
export const machine: Check = {
  ids: ['confidential-vm', 'cloud', 'nmi-trigger'],
  summary: 'recognise the platform',
  *examine(patient) {
    yield* confidential(patient)
    const cloud = findCloud(patient.facts)
    if (!cloud) return
    yield {
      id: 'cloud',
      severity: 'note',
      title: `this is ${cloud.name}`,
      evidence: [cloud.evidence, ...quirks(patient)],
      fix: '',
    }
    yield {
      id: 'nmi-trigger',
      severity: 'note',
      title: 'a machine that hangs can be made to crash from outside by an NMI',
      evidence: [
        cloud.nmi,
        `kernel.unknown_nmi_panic is ${patient.facts.text('proc/sys/kernel/unknown_nmi_panic') ?? 'not there'}: ` +
          'with 1 an NMI that nobody asked for panics',
      ],
      fix: '',
    }
  },
}

function quirks({ facts }: Patient): string[] {
  const platform = findPlatform(readPlatformFacts(readMachine(facts.root), facts.root))
  return [
    ...(platform?.remove ?? []).map(
      ({ word, reason }) => `no ${word} for the capture kernel: ${reason}`,
    ),
    ...(platform?.add ?? []).map(({ word, reason }) => `${word} for the capture kernel: ${reason}`),
  ]
}

function* confidential({ facts }: Patient): Generator<Finding> {
  const flags = /^flags\s*:(.*)$/m.exec(facts.text('proc/cpuinfo') ?? '')?.[1]?.split(' ') ?? []
  const active = /Memory Encryption Features active: (.*)$/m.exec(facts.kernelLog())?.[1] ?? ''
  const tdx = flags.includes('tdx_guest')
  const snp = /SEV-SNP|SEV-ES/.test(active)
  if (!tdx && !snp) return
  yield {
    id: 'confidential-vm',
    severity: 'error',
    title: 'this is a confidential guest, whose capture kernel cannot read the old memory',
    evidence: [
      tdx
        ? "/proc/cpuinfo has the flag 'tdx_guest'"
        : `the kernel says: Memory Encryption Features active: ${active}`,
    ],
    fix: 'do not reserve memory for kdump here; keep the log elsewhere (pstore, netconsole, serial console)',
  }
}
