// A machine check that the kernel could not survive: the processor itself reported an error.
// Source: arch/x86/kernel/cpu/mce/core.c mce_panic(), print_mce().
import { formatHex } from '../../base/hex.ts'
import { unitCulprit } from '../blame.ts'
import {
  printedMachineChecks,
  seenMachineChecks,
  statusText,
  type MachineCheck,
} from '../machine_check.ts'
import { bareName } from '../panic_machinery.ts'
import type { Evidence, Rule } from '../rule.ts'
import type { Scene } from '../scene.ts'

const SHOWN = 8
/** What mce_panic() and its callers say. */
const FATAL = /machine check|Uncorrected hardware memory error|broadcast exception handler|^MCE/i

export const machineCheck: Rule = {
  name: 'machine_check',
  summary: 'the processor reported an error of the hardware',
  needs: [],
  *find(scene) {
    const isHandler = scene.panicTrace.frames.some(
      ({ name }) => bareName(name ?? '') === 'mce_panic',
    )
    const isFatal = isHandler || FATAL.test(scene.panicReason)
    const checks = readChecks(scene)
    const first = checks.find(({ status }) => isUncorrected(status)) ?? checks[0]
    if (!isFatal && !first) return
    const unit = first ? `CPU ${first.cpu}, bank ${first.bank}` : 'the processor or its memory'
    const what = first
      ? `${statusText(first.status)}${atAddress(first)}`
      : 'of which no record is left'
    yield {
      kind: 'machine-check',
      // What was only logged was survived, and may or may not have to do with the crash.
      role: isFatal ? 'cause' : 'earlier',
      title: `machine check${first ? ` on ${unit}` : ''}: ${what}`,
      confidence: 'certain',
      evidence: [...saidEvidence(scene, isFatal), ...checkEvidence(checks)],
      refutedBy: [
        'the same crash on other machines: then something injects the error, or an erratum of the processor does it',
      ],
      culprit: unitCulprit(unit),
      next: [
        {
          text: 'see all that the log says of the hardware',
          command: 'log | grep "Hardware Error"',
        },
        { text: "read the machine's own event log, and replace the part it names", command: '' },
        { text: 'compare microcode and firmware with the latest', command: '' },
      ],
      explains: ['panic', 'nmi', 'hardware-error'],
    }
  },
}

/** Memory knows what each CPU saw last, the log also what came before. */
function readChecks(scene: Scene): MachineCheck[] {
  const seen = seenMachineChecks(scene.program, scene.cpus)
  const printed = printedMachineChecks(scene.lines).filter(
    (check) =>
      !seen.some(
        ({ bank, cpu, status }) =>
          bank === check.bank && cpu === check.cpu && status === check.status,
      ),
  )
  return [...seen, ...printed]
}

const isUncorrected = (status: bigint): boolean => ((status >> 61n) & 1n) !== 0n

const atAddress = ({ address }: MachineCheck): string =>
  address === undefined ? '' : `, at physical address ${formatHex(address)}`

function saidEvidence({ panicReason, lines }: Scene, isFatal: boolean): Evidence[] {
  const panic =
    isFatal && panicReason !== '' ? [{ text: `panic: ${panicReason}`, command: 'log' }] : []
  // "mce: [Hardware Error]: Machine check: Processor context corrupt": the kernel's own verdict.
  const verdict = lines.findLast(({ text }) => text.includes('[Hardware Error]: Machine check: '))
  return verdict ? [...panic, { text: `the log says: ${verdict.text}`, command: 'log' }] : panic
}

function checkEvidence(checks: readonly MachineCheck[]): Evidence[] {
  return checks.slice(0, SHOWN).map((check) => {
    const { cpu, bank, status, place } = check
    const text = `CPU ${cpu} bank ${bank}: status ${formatHex(status)}, ${statusText(status)}${atAddress(check)}`
    return place === undefined
      ? { text, command: 'log' }
      : { text, address: place, command: `rd ${place.toString(16)} 3` }
  })
}
