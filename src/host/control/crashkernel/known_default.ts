// Whether a value of crashkernel= is some distribution's default, of today or of former days, or a person's own choice.
import { crashkernelAdd } from './crashkernel_add.ts'
import { DEFAULT_TABLES, FORMER_DEFAULTS } from './default_tables.ts'

/** Sums of kdump-utils' deltas: encryption, cards, 64 KiB pages, smmu. */
const DELTAS_MB = [0, 64, 100, 150, 200, 300, 384, 484, 584, 684]

/**
 * Tell whether nobody chose this value: it is, or was, the default of this distribution's family.
 *
 * @param value behind `crashkernel=`
 */
export function isKnownDefault(value: string, distro: string): boolean {
  if (FORMER_DEFAULTS.includes(value)) return true
  const relatives = DEFAULT_TABLES.filter((table) => familyOf(table.distro) === familyOf(distro))
  const known = relatives.flatMap(({ rules }) => Object.values(rules))
  return known.some((rule) => {
    if (rule.kind === 'steps') return rule.steps.some(([, step]) => step === value)
    if (rule.kind === 'per-terabyte') return false
    return DELTAS_MB.some(
      (delta) => value === rule.value || value === crashkernelAdd(rule.value, `${delta}M`),
    )
  })
}

/** Machines are upgraded from one release to the next, and Ubuntu's tools are Debian's. */
function familyOf(distro: string): string {
  const name = distro.replace(/\d+$/, '')
  return { fedora: 'rhel', ubuntu: 'debian' }[name] ?? name
}
