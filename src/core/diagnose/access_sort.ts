// What sort of wrong an address was: NULL, an error code, poison, a user's, not mapped, not to be written. One sort for each
// access, so that one rule speaks of it.
import { attempt } from '../base/errors.ts'
import { pointerError } from '../base/errno.ts'
import { taskMm, vmaLookup } from '../kernel/mm.ts'
import { valueMeaning, type ValueMeaning } from '../kernel/poison.ts'
import type { Program } from '../program/program.ts'
import { isCanonical } from './bad_pointer.ts'
import type { FaultingAccess } from './faulting_access.ts'
import type { Scene } from './scene.ts'

/** What a page table says of an address. */
export interface Mapping {
  readonly isMapped: boolean
  /** Of the page: `RW`, `NX`; [] where none is mapped. */
  readonly flags: readonly string[]
}

/** What was wrong with an address. */
export type AccessSort =
  | { readonly kind: 'null' }
  /** Called or jumped to. */
  | { readonly kind: 'null-call' }
  | { readonly kind: 'error'; readonly errno: number }
  /** Says itself what it is: poison, text. */
  | { readonly kind: 'telling'; readonly value: bigint; readonly meaning: ValueMeaning }
  /** No address of this machine, and nothing else that is known. */
  | { readonly kind: 'non-canonical' }
  /** An address that the process has something at; `isRefused` if it was mapped, and refused all the same. */
  | { readonly kind: 'user'; readonly isRefused: boolean }
  | { readonly kind: 'not-mapped' }
  | { readonly kind: 'write-protected'; readonly mapping: Mapping }
  | { readonly kind: 'no-execute' }
  /** Mapped, and allowed for all we know. */
  | { readonly kind: 'mapped' }
  | { readonly kind: 'unknown' }

/** What lies below is taken for NULL and an offset. @source arch/x86/mm/fault.c show_fault_oops() */
const NULL_END = 4096n
/** @source arch/x86/include/asm/trap_pf.h */
const PF_PROT = 0x1

/** Say what was wrong with the address of an access. */
export function accessSort(scene: Scene, access: FaultingAccess): AccessSort {
  const { address, pointer, exception } = access
  if (access.access === 'fetch') return fetchSort(scene.program, access)
  const base = pointer?.value
  if (base !== undefined && isNull(access, base)) return { kind: 'null' }
  const errno = pointerError(base ?? address ?? 0n)
  if (errno !== undefined) return { kind: 'error', errno }
  if (exception === 'address' && address !== undefined && address < NULL_END)
    return { kind: 'null' }
  const telling = tellingValue([base, address])
  if (telling) return telling
  const isNone = address === undefined || !isCanonical(address, addressBits(scene.program))
  if (exception === 'protection' || isNone)
    return { kind: address === undefined ? 'unknown' : 'non-canonical' }
  return scene.program.arch.isUserAddress(address)
    ? userSort(scene, access, address)
    : kernelSort(scene.program, access, address)
}

/** NULL itself; a small number; or what `container_of()` makes of NULL. */
function isNull({ pointer, operand, address }: FaultingAccess, base: bigint): boolean {
  const origin = pointer?.origin
  if (origin?.kind === 'address' && BigInt.asIntN(64, base) === origin.offset) return true
  // Where the code was not followed: an error code that is the very offset would be a coincidence.
  if (address === 0n && BigInt.asIntN(64, base) > -NULL_END && base > NULL_END) return true
  // An element of an array at NULL lies anywhere.
  return base === 0n || (base < NULL_END && (address ?? 0n) < NULL_END && operand !== undefined)
}

function tellingValue(values: readonly (bigint | undefined)[]): AccessSort | undefined {
  for (const value of values) {
    const meaning = value === undefined || value === 0n ? undefined : valueMeaning(value)
    // What has only 32 bits may be any number.
    if (value !== undefined && meaning && value > 0xffff_ffffn)
      return { kind: 'telling', value, meaning }
  }
  return undefined
}

function fetchSort(program: Program, { address }: FaultingAccess): AccessSort {
  if (address === undefined) return { kind: 'unknown' }
  if (address < NULL_END) return { kind: 'null-call' }
  const errno = pointerError(address)
  if (errno !== undefined) return { kind: 'error', errno }
  const telling = tellingValue([address])
  if (telling) return telling
  if (!isCanonical(address, addressBits(program))) return { kind: 'non-canonical' }
  if (program.arch.isUserAddress(address)) return { kind: 'no-execute' }
  return kernelMapping(program, address)?.isMapped === false
    ? { kind: 'not-mapped' }
    : { kind: 'no-execute' }
}

function kernelSort(program: Program, access: FaultingAccess, address: bigint): AccessSort {
  const mapping = kernelMapping(program, address)
  const { errorCode } = access.fault.trouble ?? {}
  // The log knows what the tables were then; they may have changed since.
  if (errorCode !== undefined && (errorCode & PF_PROT) === 0) return { kind: 'not-mapped' }
  if (!mapping?.isMapped) return { kind: errorCode === undefined ? 'not-mapped' : 'unknown' }
  const isWrite = access.access === 'write' || access.access === 'read-write'
  if (isWrite && !mapping.flags.includes('RW')) return { kind: 'write-protected', mapping }
  return { kind: 'mapped' }
}

/** What the kernel's page tables say; undefined where they cannot be read. */
export function kernelMapping({ memory }: Program, address: bigint): Mapping | undefined {
  return attempt(() => mappingBy(memory.translator, memory.translator.kernelRoot, address))
}

/** By the page tables of the task that died. */
function userSort(
  { program, panicTask }: Scene,
  access: FaultingAccess,
  address: bigint,
): AccessSort {
  const { memory } = program
  const errorCode = access.fault.trouble?.errorCode ?? 0
  const mm = attempt(() => panicTask && taskMm(panicTask))
  const mapping =
    mm && attempt(() => mappingBy(memory.translator, memory.toPhysical(mm.pointer('pgd')), address))
  const isRefused = (errorCode & PF_PROT) !== 0 || mapping?.isMapped === true
  const hasArea = isRefused || (mm && attempt(() => vmaLookup(mm, address))) !== undefined
  return hasArea ? { kind: 'user', isRefused } : { kind: 'not-mapped' }
}

function mappingBy(
  translator: Program['memory']['translator'],
  root: number,
  address: bigint,
): Mapping {
  const { entries, target } = translator.walkLevels(root, address)
  const last = entries.at(-1)
  if (target === undefined || !last) return { isMapped: false, flags: [] }
  const meaning = translator.explainEntry(last.value)
  return { isMapped: true, flags: meaning.kind === 'page' ? meaning.flags : [] }
}

/** Bits of an address that count. */
export function addressBits({ info }: Program): bigint {
  return info.number('pgtable_l5_enabled') === 1 ? 57n : 48n
}
