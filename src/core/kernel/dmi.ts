// What the firmware says of the machine. Source: drivers/firmware/dmi_scan.c, include/linux/mod_devicetable.h.
import { stripType } from '../debuginfo/type.ts'
import type { Program } from '../program/program.ts'

/** One string of the DMI table. */
export interface DmiString {
  /** As the kernel's enum has it: DMI_BIOS_VENDOR. */
  readonly field: string
  readonly value: string
}

/** enum dmi_field has some 25 values; damaged type data could claim any number. */
const DMI_FIELD_LIMIT = 64

/**
 * Strings of the DMI table that the kernel kept, by field; fields the firmware left out are left out.
 *
 * @source drivers/firmware/dmi_scan.c dmi_get_system_info()
 */
export function* dmiStrings(program: Program): Generator<DmiString> {
  const symbol = program.findSymbol('dmi_ident')
  const fields = stripType(program.type('enum dmi_field'))
  if (!symbol || fields.kind !== 'enum') return
  // DMI_STRING_MAX sizes the array; what follows it in the enum is not stored there.
  const end = Number(fields.values.find(({ name }) => name === 'DMI_STRING_MAX')?.value ?? 0n)
  for (const { name, value } of fields.values.slice(0, DMI_FIELD_LIMIT)) {
    if (value >= BigInt(end)) continue
    const pointer = program.memory.u64(symbol.address + value * 8n)
    if (pointer !== 0n) yield { field: name, value: program.readCString(pointer, 256) }
  }
}
