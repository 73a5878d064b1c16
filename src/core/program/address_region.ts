// Ranges of virtual addresses as an architecture names them: what rooms that know no architecture need of it.
export type { AddressRegion } from '../arch/arch.ts'
