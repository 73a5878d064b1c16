// ID allocators: small integers to pointers. Source: include/linux/idr.h, lib/idr.c.
import type { KObject } from '../program/kobject.ts'
import { xaForEach, xaLoad } from './xarray.ts'

/** An id and what it stands for. */
export interface IdrEntry {
  readonly id: number
  readonly entry: bigint
}

/**
 * Walk an IDR.
 *
 * @param idr `struct idr`, v4.11 and later (before, it was a tree of its own)
 * @yields ids ascending with their pointers
 * @source lib/idr.c idr_for_each_entry()
 */
export function* idrForEach(idr: KObject): Generator<IdrEntry> {
  const base = idrBase(idr)
  for (const { index, entry } of xaForEach(idr.get('idr_rt')))
    yield { id: Number(index) + base, entry }
}

/** The pointer of an id, 0n if there is none. @source lib/idr.c idr_find() */
export function idrFind(idr: KObject, id: number): bigint {
  const index = id - idrBase(idr)
  return index < 0 ? 0n : xaLoad(idr.get('idr_rt'), BigInt(index))
}

function idrBase(idr: KObject): number {
  // Since v4.16, commit 6ce711f27500 ("idr: Make 1-based IDRs more efficient"), ids are counted from idr_base.
  return idr.find('idr_base')?.number() ?? 0
}
