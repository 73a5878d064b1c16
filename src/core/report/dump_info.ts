// All about a dump's file, as data: what `kbox dump info --json` prints. Its JSON is an interface: a change of meaning or
// a removal raises DUMP_INFO_VERSION.
import type { CodecUse } from '../dump/dump_description.ts'
import type { HexText } from './model/hex_text.ts'

/** Version of the JSON; docs/report_changelog.md says what changed. */
export const DUMP_INFO_VERSION = 1

/** One file. What it does not say is null. */
export interface DumpInfo {
  readonly version: typeof DUMP_INFO_VERSION
  readonly file: string
  readonly fileBytes: number
  readonly format: DumpInfoFormat
  readonly kernel: DumpInfoKernel
  readonly memory: DumpInfoMemory
  /** 0 to 31; null where the format does not say. */
  readonly dumpLevel: number | null
  /** Null where the format does not describe itself. */
  readonly storage: DumpInfoStorage | null
  readonly notes: DumpInfoNotes
  readonly vmcoreinfo: DumpInfoVmcoreinfo | null
  readonly physBase: DumpInfoPhysBase
  /** What was erased, makedumpfile's lines. */
  readonly eraseinfo: readonly string[]
  readonly completeness: DumpInfoCompleteness
  readonly maker: DumpInfoMaker
}

/** What kind of file it is. */
export interface DumpInfoFormat {
  /** 'kdump-compressed', 'elf' … */
  readonly name: string
  /** What the dump is inside of, such as 'flattened'. */
  readonly container: string | null
  readonly headerVersion: number | null
  /** Word size of the headers. */
  readonly bits: 32 | 64 | null
  readonly byteOrder: 'little' | 'big'
  /** A machine that goes on running. */
  readonly isLive: boolean
  /** The frames `[start, end)` that this part of a split dump holds; null for a whole dump. */
  readonly part: { readonly pfnStart: number; readonly pfnEnd: number } | null
}

/** Whose memory it is. */
export interface DumpInfoKernel {
  readonly release: string | null
  /** `uname -v`. */
  readonly kernelVersion: string | null
  readonly machine: string | null
  readonly nodename: string | null
  /** When it crashed, in seconds since 1970. */
  readonly crashTime: number | null
  /** Its own clock when it stopped, in seconds since 1970. */
  readonly clock: number | null
  /** '' if the kernel inside can be examined; else why not. */
  readonly problem: string
}

/** Memory in page frames. */
export interface DumpInfoMemory {
  readonly pageBytes: number
  /** One past the highest frame. */
  readonly pfnEnd: number
  /** Frames that are RAM. */
  readonly ramPages: number
  /** Frames whose content the dump should have. */
  readonly presentPages: number
  /** Frames that were filtered out. */
  readonly excludedPages: number
  /** Runs of frames below pfnEnd that are no RAM. */
  readonly holes: number
}

/** How pages are stored. */
export interface DumpInfoStorage {
  readonly codecs: readonly CodecUse[]
  /** Frames that share one page of zeros; null if too many to count. */
  readonly zeroPages: number | null
  /** Frames that share another's data. */
  readonly sharedPages: number | null
  /** Page data in the file. */
  readonly storedBytes: number
  /** Stored bytes by bytes of the pages they stand for; null without pages. */
  readonly ratio: number | null
  /** By frame number, as makedumpfile writes; else what matters first, as kbox does. */
  readonly order: 'pfn' | 'priority'
}

/** ELF notes. */
export interface DumpInfoNotes {
  /** CPUs with registers. */
  readonly cpus: number
  readonly byName: Readonly<Record<string, number>>
}

/** Where VMCOREINFO is. */
export interface DumpInfoVmcoreinfo {
  readonly bytes: number
  readonly lines: number
  /** 'note': an ELF note; 'header': a place the header names; 'memory': found by searching. */
  readonly found: 'note' | 'header' | 'memory'
  /** What the search in memory came to; '' without one. */
  readonly search: string
}

/** Where the kernel image lies in physical memory, less its virtual place. */
export interface DumpInfoPhysBase {
  readonly header: HexText | null
  readonly vmcoreinfo: HexText | null
  /** Both say something, and not the same: VMCOREINFO is right. */
  readonly differ: boolean
}

/** Is all there? */
export interface DumpInfoCompleteness {
  readonly complete: boolean
  /** The writer noted that it could not finish. */
  readonly markedIncomplete: boolean
  /** Frames whose data should be in the file and is not. */
  readonly lostPages: number
  /** What is missing, in words; '' if nothing is. */
  readonly reason: string
}

/** Who made it, as far as the file tells. */
export interface DumpInfoMaker {
  readonly tool: 'kbox' | 'makedumpfile' | 'QEMU' | 'LiME' | 'AVML' | 'the kernel' | 'unknown'
  /** The command, without files. */
  readonly command: string
}
