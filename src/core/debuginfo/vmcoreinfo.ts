// VMCOREINFO: the kernel's own notes to crash tools, lines of KEY=value.
// Source: kernel/vmcore_info.c, Documentation/admin-guide/kdump/vmcoreinfo.rst. Any length; newest kernels exceed a page.
import { toSafeNumber } from '../base/addr.ts'
import { NotFoundError } from '../base/errors.ts'

/** Of arm64, ppc64 and loongarch64. */
const PAGE_SIZE_MAX = 65536
const KREF_SIZE = 4

/** Parsed VMCOREINFO. Lookups are `undefined` when the kernel does not say; `getX` throws instead. */
export class VmcoreInfo {
  /** Lines in the kernel's order. */
  readonly entries: ReadonlyMap<string, string>

  constructor(text: string) {
    const entries = new Map<string, string>()
    for (const line of text.split('\n')) {
      const at = line.indexOf('=')
      if (at > 0) entries.set(line.slice(0, at), line.slice(at + 1))
    }
    this.entries = entries
  }

  /** Parse the note's bytes; NULs at the end are padding. */
  static parse(bytes: Uint8Array): VmcoreInfo {
    const end = bytes.indexOf(0)
    return new VmcoreInfo(
      new TextDecoder('latin1').decode(end < 0 ? bytes : bytes.subarray(0, end)),
    )
  }

  /** The same with more `SYMBOL()` lines: what was found out otherwise. */
  withSymbols(symbols: ReadonlyMap<string, bigint>): VmcoreInfo {
    const more = Array.from(symbols, ([name, at]) => `SYMBOL(${name})=${at.toString(16)}`)
    const own = Array.from(this.entries, ([key, value]) => `${key}=${value}`)
    return new VmcoreInfo([...own, ...more].join('\n'))
  }

  /** A bare key, such as OSRELEASE or BUILD-ID. */
  string(key: string): string | undefined {
    return this.entries.get(key)
  }

  /** `NUMBER(key)`: signed; decimal, or hex with 0x. Undefined if it exceeds 2^53. */
  number(key: string): number | undefined {
    const value = this.bigint(key)
    return value === undefined ? undefined : toSafeNumber(value)
  }

  /** `NUMBER(key)` exact, for masks such as sme_mask. */
  bigint(key: string): bigint | undefined {
    return parseInteger(this.entries.get(`NUMBER(${key})`), 10)
  }

  /** `SYMBOL(key)`: a virtual address. */
  symbol(key: string): bigint | undefined {
    return parseInteger(this.entries.get(`SYMBOL(${key})`), 16)
  }

  /** `OFFSET(struct.member)` in bytes. */
  offset(key: string): number | undefined {
    return parseSmall(this.entries.get(`OFFSET(${key})`))
  }

  /** `SIZE(type)` in bytes. */
  size(key: string): number | undefined {
    return parseSmall(this.entries.get(`SIZE(${key})`))
  }

  /** `LENGTH(array)` in elements. */
  length(key: string): number | undefined {
    return parseSmall(this.entries.get(`LENGTH(${key})`))
  }

  /** @throws {NotFoundError} if the kernel does not say */
  getSymbol(key: string): bigint {
    const value = this.symbol(key)
    if (value === undefined) throw new NotFoundError('vmcoreinfo', `SYMBOL(${key})`)
    return value
  }

  /** @throws {NotFoundError} if the kernel does not say */
  getOffset(key: string): number {
    const value = this.offset(key)
    if (value === undefined) throw new NotFoundError('vmcoreinfo', `OFFSET(${key})`)
    return value
  }

  /** @throws {NotFoundError} if the kernel does not say */
  getSize(key: string): number {
    const value = this.size(key)
    if (value === undefined) throw new NotFoundError('vmcoreinfo', `SIZE(${key})`)
    return value
  }

  get osrelease(): string {
    return this.string('OSRELEASE') ?? ''
  }

  /**
   * Address of `init_uts_ns.name`, undefined if the kernel does not say where init_uts_ns is.
   *
   * Since v5.11, commit 9a56493f6942 ("uts: Use generic ns_common::count"), its offset is said; before, the name stood
   * behind a `struct kref`.
   */
  get utsnameAddress(): bigint | undefined {
    const namespace = this.symbol('init_uts_ns')
    const offset = this.offset('uts_namespace.name') ?? KREF_SIZE
    return namespace === undefined ? undefined : namespace + BigInt(offset)
  }

  /** Bytes of a page; 4096 where the kernel does not say, or what no machine has. */
  get pageSize(): number {
    const size = parseSmall(this.string('PAGESIZE')) ?? 0
    return size >= 4096 && size <= PAGE_SIZE_MAX && (size & (size - 1)) === 0 ? size : 4096
  }

  /** KASLR displacement of the kernel image in bytes, 0n without KASLR. */
  get kaslrOffset(): bigint {
    return parseInteger(this.string('KERNELOFFSET'), 16) ?? 0n
  }

  /** Seconds since 1970 at the crash, 0 if not recorded. */
  get crashTime(): number {
    return parseSmall(this.string('CRASHTIME')) ?? 0
  }
}

function parseInteger(text: string | undefined, radix: 10 | 16): bigint | undefined {
  if (text === undefined) return undefined
  // No value has more digits than these: a decimal of megabytes would take minutes to convert.
  const match = /^\s*(-?)(0x)?([0-9a-fA-F]{1,20})\s*$/.exec(text)
  if (!match) return undefined
  const digits = match[3] as string
  const hex = match[2] !== undefined || radix === 16
  if (!hex && !/^\d+$/.test(digits)) return undefined
  const value = BigInt(hex ? `0x${digits}` : digits)
  return match[1] === '-' ? -value : value
}

/** Offsets, sizes, lengths and times: never negative, never beyond 2^53. */
function parseSmall(text: string | undefined): number | undefined {
  const value = parseInteger(text, 10)
  return value === undefined || value < 0n ? undefined : toSafeNumber(value)
}
