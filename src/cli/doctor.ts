// kbox doctor: would a crash of this machine be recorded? Looks, and changes nothing.
import { admit } from '../host/control/doctor/patient.ts'
import type { Finding, Patient } from '../host/control/doctor/check.ts'
import { examine } from '../host/control/doctor/examine.ts'
import { parseVerbOptions } from './verb_options.ts'

const OPTIONS = {
  json: { type: 'boolean', default: false },
  root: { type: 'string', default: '/' },
  export: { type: 'string' },
} as const

/**
 * Run `kbox doctor`.
 *
 * @returns exit code: 0 nothing is wrong, 1 there are errors or warnings
 */
export async function doctorMain(argv: readonly string[]): Promise<number> {
  const values = parseVerbOptions(argv, OPTIONS)
  const patient = await admit(values.root)
  const findings = examine(patient)
  if (values.export !== undefined) {
    const count = patient.facts.exportTo(values.export)
    process.stderr.write(`kbox: ${count} facts in ${values.export}\n`)
  }
  process.stdout.write(values.json ? formatJson(patient, findings) : formatText(patient, findings))
  return count(findings, 'note') === findings.length ? 0 : 1
}

const count = (findings: readonly Finding[], wanted: Finding['severity']): number =>
  findings.filter(({ severity }) => severity === wanted).length

function formatJson(patient: Patient, findings: readonly Finding[]): string {
  const { release, crash } = patient
  return `${JSON.stringify({ version: 1, release, ...crash, findings }, null, 2)}\n`
}

function formatText({ release, crash }: Patient, findings: readonly Finding[]): string {
  const lines = [
    `${release}: ${Math.floor(crash.reservedBytes / 2 ** 20)} MB reserved, capture kernel ${crash.loaded ? 'loaded' : 'not loaded'}`,
    '',
  ]
  for (const { id, severity, title, evidence, fix } of findings) {
    lines.push(`${severity.padEnd(8)}${id}: ${title}`)
    for (const seen of evidence) lines.push(`          seen: ${seen}`)
    if (fix !== '') lines.push(`          fix:  ${fix}`)
    lines.push('')
  }
  const parts = (['error', 'warning', 'note'] as const).map((severity) => {
    const number = count(findings, severity)
    return `${number} ${severity}${number === 1 ? '' : 's'}`
  })
  lines.push(parts.join(', '))
  return `${lines.join('\n')}\n`
}
