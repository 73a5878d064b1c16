// Errors of the hardware that firmware, memory controllers or buses reported. Fatal ones panic; others are worth knowing of
// whatever else happened. Source: drivers/acpi/apei/ghes.c, drivers/pci/pcie/aer.c, drivers/edac/edac_mc.c,
// mm/memory-failure.c; since v6.18 kernel/vmcore_info.c hwerr_log_error_type().
import { attempt } from '../../base/errors.ts'
import { unitCulprit } from '../blame.ts'
import type { CrashKind } from '../crash_kind.ts'
import type { Evidence, Finding, Rule } from '../rule.ts'
import type { Scene } from '../scene.ts'

/** What a line of the log reports; its unit where the line names one. */
interface Report {
  readonly name: string
  readonly pattern: RegExp
  /** The match's group 1 is the unit. */
  readonly unit: (match: RegExpExecArray) => string
}

const REPORTS: readonly Report[] = [
  {
    name: 'firmware reported an error of the hardware',
    // "{1}[Hardware Error]: event severity: fatal", "{1}[Hardware Error]:  section_type: memory error"
    pattern:
      /^(?:\{\d+\})?\[Hardware Error\]:\s+(?:Error \d+, type: (?:fatal|recoverable)|section_type: (.+))/,
    unit: ([, section = '']) => (section === '' ? 'hardware reported by firmware' : section),
  },
  {
    name: 'an uncorrected PCI Express error',
    // "pcieport 0000:00:1c.0: AER: Uncorrected (Fatal) error received", "PCIe Bus Error: severity=Uncorrected (Fatal)"
    pattern:
      /^\S+ ([\da-f]{4}:[\da-f]{2}:[\da-f]{2}\.\d): (?:AER: |PCIe Bus Error: ).*(?:Uncorrected|Uncorrectable)/,
    unit: ([, device = '']) => `PCI ${device}`,
  },
  {
    name: 'an uncorrected memory error',
    // "EDAC MC0: 1 UE memory read error on CPU_SrcID#0_MC#0_Chan#1_DIMM#0 (…)"
    pattern: /^EDAC (MC\d+: \d+ UE .*)/,
    unit: ([, what = '']) => /\bon (\S+)/.exec(what)?.[1] ?? what.slice(0, 60),
  },
  {
    name: 'a page of memory was lost to an error',
    // "Memory failure: 0x12345: recovery action for dirty LRU page: Failed"
    pattern: /^(?:mce: |MCE: )?Memory failure: (0x[\da-f]+): (?!.*Recovered$)/,
    unit: ([, pfn = '']) => `memory at page frame ${pfn}`,
  },
]
const LINES_SHOWN = 4
/** enum hwerr_error_type. @source include/uapi/linux/vmcore.h */
const COUNTED = ['CPU', 'memory', 'PCI Express', 'CXL', 'other']

export const hardwareError: Rule = {
  name: 'hardware_error',
  summary: 'errors of memory, buses and devices that the hardware reported',
  needs: [],
  *find(scene) {
    const isFatal = scene.panicReason.includes('Fatal hardware error')
    let hasCause = false
    for (const report of REPORTS) {
      const found = scene.lines.flatMap(({ text }) => {
        const match = report.pattern.exec(text)
        return match ? [{ text, unit: report.unit(match) }] : []
      })
      const last = found.at(-1)
      if (!last) continue
      const isCause: boolean = isFatal && !hasCause
      hasCause ||= isCause
      const lines = found
        .slice(-LINES_SHOWN)
        .map(({ text }) => ({ text: `the log says: ${text}`, command: 'log' }))
      yield finding(scene, isCause, `${report.name}: ${last.unit}`, last.unit, lines)
    }
    if (isFatal && !hasCause)
      yield finding(
        scene,
        true,
        'a fatal error of the hardware',
        'hardware reported by firmware',
        [],
      )
    else if (!hasCause) yield* counted(scene)
  },
}

function finding(
  { panicReason }: Scene,
  isCause: boolean,
  title: string,
  unit: string,
  lines: readonly Evidence[],
): Finding {
  const kind: CrashKind = 'hardware-error'
  const panic = isCause ? [{ text: `panic: ${panicReason}`, command: 'log' }] : []
  return {
    ...{ kind, title, role: isCause ? 'cause' : 'earlier', confidence: 'certain' },
    evidence: [...panic, ...lines],
    refutedBy: ['the error being injected, or reported by faulty firmware'],
    culprit: unitCulprit(unit),
    next: [
      {
        text: 'see all that the log says of the hardware',
        command: 'log | grep -e "Hardware Error" -e AER -e EDAC',
      },
      { text: "read the machine's own event log", command: '' },
    ],
    explains: isCause ? ['panic', 'machine-check', 'nmi'] : [],
  }
}

/** Since v6.18 the kernel counts them, also where the log has long forgotten. */
function* counted({ program }: Scene): Generator<Finding> {
  const table = attempt(() => program.object('hwerr_data', 'struct hwerr_info [5]'))
  if (!table) return
  const evidence: Evidence[] = []
  COUNTED.forEach((name, index) => {
    const count = attempt(() => table.at(index).number('count.counter', 'count')) ?? 0
    if (count > 0)
      evidence.push({
        text: `${count} recovered errors of the kind "${name}" since boot`,
        address: table.address,
        command: 'rd hwerr_data 10',
      })
  })
  if (evidence.length === 0) return
  yield {
    ...{
      kind: 'hardware-error',
      role: 'state',
      title: 'the hardware reported errors that were recovered from',
    },
    ...{ confidence: 'certain', evidence, refutedBy: [], culprit: null, explains: [] },
    next: [{ text: "read the machine's own event log", command: '' }],
  }
}
