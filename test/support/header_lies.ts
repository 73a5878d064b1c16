// Overwrites header fields of a finished file with other values: what a hostile or damaged file says.
import type { Endian } from '../../src/core/base/struct.ts'

/** Field, `3.field` for the fourth of several headers, and what it shall say. */
export type Lie = readonly [field: string, value: bigint]

/** Write those lies whose field, after `prefix`, the layout has; values are cut to the field's width. */
export function writeLies(
  lies: readonly Lie[],
  view: DataView,
  layout: { readonly size: number; readonly offset: Readonly<Record<string, number>> },
  at: number,
  { littleEndian }: Endian,
  prefix = '',
): void {
  for (const [field, value] of lies) {
    const offset = field.startsWith(prefix) ? layout.offset[field.slice(prefix.length)] : undefined
    if (offset === undefined) continue
    const following = Object.values(layout.offset).filter((other) => other > offset)
    const size = Math.min(...following, layout.size) - offset
    if (size >= 8) view.setBigUint64(at + offset, BigInt.asUintN(64, value), littleEndian)
    else if (size >= 4) view.setUint32(at + offset, Number(BigInt.asUintN(32, value)), littleEndian)
    else if (size === 2)
      view.setUint16(at + offset, Number(BigInt.asUintN(16, value)), littleEndian)
    else view.setUint8(at + offset, Number(BigInt.asUintN(8, value)))
  }
}
