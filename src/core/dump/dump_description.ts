// What only a format itself can tell of a dump: how its pages are stored, and what its writer noted about the writing.
import type { CodecName } from '../codec/codec.ts'
import type { PfnRun } from './dump_format.ts'

/** Pages stored in one way. */
export interface CodecUse {
  /** 'raw' for pages as they were. */
  readonly codec: CodecName | 'raw'
  /** Page frames, those included that share another's data. */
  readonly pages: number
  /** Bytes in the file, shared data once. */
  readonly bytes: number
}

/** How the pages of a dump lie in its file. */
export interface PageStorage {
  /** Codecs in use, most pages first. */
  readonly codecs: readonly CodecUse[]
  /** Frames that share the one stored page of zeros; undefined if that was not looked for. */
  readonly zeroPages: number | undefined
  /** More frames that share what another has stored; undefined if that was not looked for. */
  readonly sharedPages: number | undefined
  /** Frames that should be in the file, but their data is not. */
  readonly lostPages: number
  /** Is data stored in the order of page frame numbers? kbox writes what matters first instead. */
  readonly isInFrameOrder: boolean
}

/** A dump, described by its format. */
export interface DumpDescription {
  /** As in the header; undefined where the format has none. */
  readonly headerVersion: number | undefined
  /** Word size of the headers; undefined where they have none. */
  readonly bits: 32 | 64 | undefined
  /** Did the writer itself say that it could not finish? */
  readonly isMarkedIncomplete: boolean
  readonly storage: PageStorage
  /** The frames that each given part of a split dump holds; none if the dump is whole. */
  readonly parts: readonly PfnRun[]
  /** What was erased, in makedumpfile's words; '' for nothing. */
  readonly eraseinfo: string
}
