// A kernel's symbols from a file beside the dump: a vmlinux or a System.map. What it adds is what the dump lacks, and it
// must be of the dumped kernel. Source: scripts/kallsyms.c for the order of aliases.
import { NotFoundError, UsageError } from '../base/errors.ts'
import { formatAddress } from '../base/hex.ts'
import { SymbolIndex } from './symbol_index.ts'
import type { VmcoreInfo } from './vmcoreinfo.ts'

/** VMCOREINFO_SYMBOL_ARRAY: what it says is where the pointer points. @source include/linux/vmcore_info.h */
const ARRAYS = ['mem_section', 'node_data']

/** A symbol at its link-time address. */
export interface NamelistSymbol {
  readonly name: string
  readonly address: bigint
  /** nm's letter. */
  readonly type: string
}

/** What a file says of a kernel. */
export interface Namelist {
  readonly file: string
  /** Hex; undefined where the file has none: a System.map. */
  readonly buildId: string | undefined
  /** Read when asked for: whoever has them in the dump need not wait. */
  symbols(): readonly NamelistSymbol[]
  /** Bytes of the section .BTF, if there is one. */
  btf(): Uint8Array | undefined
}

/**
 * Check that a file is of the dumped kernel: by build id, or, where one has none, by what VMCOREINFO says of symbols.
 *
 * @throws {UsageError} if it is of another
 * @throws {FormatError} if a System.map is damaged, or a vmlinux without build id has no symbols
 */
export function checkNamelist(namelist: Namelist, info: VmcoreInfo): void {
  const { file, buildId } = namelist
  const dumped = info.string('BUILD-ID')
  if (buildId !== undefined && dumped !== undefined) {
    if (buildId === dumped) return
    throw new UsageError(
      `${file} is of another kernel: its build id is ${buildId}, the dump's ${dumped} (${info.osrelease})`,
    )
  }
  const slide = info.kaslrOffset
  const addresses = new Map(namelist.symbols().map(({ name, address }) => [name, address]))
  for (const key of info.entries.keys()) {
    const name = /^SYMBOL\((\w+)\)$/.exec(key)?.[1] ?? ''
    const linked = addresses.get(name)
    const at = info.symbol(name)
    if (linked === undefined || at === undefined || ARRAYS.includes(name)) continue
    if (BigInt.asUintN(64, linked + slide) === at) continue
    throw new UsageError(
      `${file} is of another kernel: it has ${name} at ${formatAddress(linked)}, the dump at ` +
        `${formatAddress(at - slide)} (${info.osrelease}, KASLR taken off)`,
    )
  }
}

/**
 * The symbols of a file where the dumped kernel had them.
 *
 * Percpu symbols before v6.15 and absolute ones lie below the image and were not moved by KASLR.
 */
export function namelistSymbols(namelist: Namelist, slide: bigint): SymbolIndex {
  const symbols = namelist.symbols()
  if (symbols.length === 0) throw new NotFoundError('symbol', `any in ${namelist.file}`)
  const image = symbols.find(({ name }) => name === '_text')?.address ?? 0n
  const rows = symbols.map(({ name, address, type }) => ({
    name,
    type,
    address: address >= image ? BigInt.asUintN(64, address + slide) : address,
  }))
  rows.sort(inKallsymsOrder)
  const encoder = new TextEncoder()
  const names = rows.map(({ name }) => encoder.encode(name))
  const nameStart = new Uint32Array(rows.length + 1)
  names.forEach((name, i) => (nameStart[i + 1] = (nameStart[i] as number) + name.length))
  const bytes = new Uint8Array(nameStart[rows.length] as number)
  names.forEach((name, i) => bytes.set(name, nameStart[i]))
  return new SymbolIndex('', {
    count: rows.length,
    names: bytes,
    nameStart,
    types: Uint8Array.from(rows, ({ type }) => type.charCodeAt(0)),
    addresses: BigUint64Array.from(rows, ({ address }) => address),
  })
}

/** By address; of several at one, weak ones and those with more underscores in front come later. */
function inKallsymsOrder(left: NamelistSymbol, right: NamelistSymbol): number {
  if (left.address !== right.address) return left.address < right.address ? -1 : 1
  const weak = Number(/[wW]/.test(left.type)) - Number(/[wW]/.test(right.type))
  return weak === 0 ? underscores(left.name) - underscores(right.name) : weak
}

const underscores = (name: string): number => name.length - name.replace(/^_+/, '').length
