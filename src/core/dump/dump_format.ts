// What every dump format offers: physical pages of a dead (or living) machine, and what its makers noted beside them.
import type { CodecName } from '../codec/codec.ts'
import type { ElfNote } from '../elf/elf_note.ts'
import type { Source } from '../io/source.ts'
import type { DumpDescription } from './dump_description.ts'

/** What a dump knows of one page frame. 'excluded': existed but was filtered out; 'absent': no RAM there. */
export type PageState = 'present' | 'excluded' | 'absent'

/** Frames `[start, end)`. */
export interface PfnRun {
  readonly start: number
  readonly end: number
}

/** Memory at a physical and a virtual address, as the maker of a dump had it mapped. */
export interface MappedMemory {
  readonly physical: number
  readonly virtual: bigint
  readonly size: number
}

/** Facts a header carries about the machine; empty strings where the format has none. */
export interface DumpUtsname {
  readonly release: string
  readonly machine: string
  readonly nodename: string
  readonly version: string
}

/** An opened dump: pages by physical address, and what the header says. */
export interface Dump extends Disposable {
  /** Name of the format, such as 'kdump-compressed' or 'elf'. */
  readonly format: string
  readonly file: string
  /** Bytes of a page frame. */
  readonly pageSize: number
  /** One past the highest page frame the dump speaks of. */
  readonly pfnEnd: number
  readonly littleEndian: boolean
  /** True when the writer said the dump is incomplete, or the file is shorter than it should be. */
  readonly incomplete: boolean
  /** What is missing of an incomplete dump, where that is known. */
  readonly incompleteReason?: string | undefined
  /** What the dump was read out of, such as 'flattened'; undefined if the file is the dump. */
  readonly container?: string
  /** Dump level (0–31) as recorded, undefined where the format does not say. */
  readonly dumpLevel: number | undefined
  readonly utsname: DumpUtsname | undefined
  /** Time of the crash in seconds since 1970 by the header, 0 if unknown. */
  readonly timestamp: number
  /** phys_base as the header has it (may be wrong: QEMU's is), undefined where the format has none. */
  readonly physBase: number | undefined
  /** ELF notes in file order: NT_PRSTATUS per CPU, VMCOREINFO, device dumps. */
  readonly notes: readonly ElfNote[]
  /** The VMCOREINFO text, undefined when the dump has none. */
  readonly vmcoreinfo: Uint8Array | undefined
  /** Is this a machine that goes on running? Then two reads of the same place may differ. Absent: no. */
  readonly isLive?: boolean
  /** Of a dump without a VMCOREINFO note: what the search for one in its memory came to. */
  readonly kernelSearch?: string

  /** What was erased from the dump, a line a rule; '' for nothing. Absent where the format cannot say. */
  readonly eraseinfo?: string

  /** Compression that its writer was asked for, undefined for none or where the format does not say. */
  readonly codec?: CodecName | undefined
  /** Where memory was mapped, if the format says: the p_vaddr of PT_LOADs. */
  readonly mapped?: readonly MappedMemory[]

  pageState(pfn: number): PageState

  /**
   * Runs of frames that are RAM ('existing'), or whose content the dump has ('present').
   *
   * @returns ascending and disjoint runs, none of which touch
   */
  pfnRuns(what: 'existing' | 'present'): PfnRun[]

  /**
   * Read physical memory. The range may cross pages but not the edge of what the dump holds.
   *
   * @param physical physical address in bytes
   * @throws {FaultError} reason 'excluded', 'not-present', 'out-of-range', 'truncated' or 'corrupt'
   */
  readPhysical(physical: number, into: Uint8Array): void

  /** Tell how the pages are stored, where the format can; reads the whole table of them. */
  describe?(): DumpDescription
}

/** A file format: how to know it and how to open it. One per file of this folder. */
export interface DumpFormat {
  readonly name: string
  /** Does the file begin like this format? `head` is up to 4096 bytes. Never throws. */
  probe(head: Uint8Array): boolean
  /** @throws {FormatError} if the file claims the format but breaks it */
  open(source: Source): Dump
  /**
   * Open the parts of a split dump as one, in any order. Left out where the format has no parts.
   *
   * @throws {FormatError} as open()
   * @throws {UsageError} naming a file that does not belong to the others
   */
  openParts?(sources: readonly Source[]): Dump
}

/** A file around a dump: how to know it, and how to read what is inside. */
export interface DumpContainer {
  readonly name: string
  /** Does the file begin like this container? `head` is up to 4096 bytes. Never throws. */
  probe(head: Uint8Array): boolean
  /**
   * @returns what is inside; `isCut` if the container lost its end. Disposing of it disposes of `source`
   * @throws {FormatError} if the file claims the format but breaks it
   * @throws {UnsupportedError} if nothing inside can be read in place
   */
  open(source: Source): Source & { readonly isCut: boolean }
}
