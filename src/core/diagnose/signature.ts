// The signature of a crash: equal for the same bug across reboots, KASLR and rebuilds, different for different bugs.
// Version 1 is described in docs/signature.md; a change of what it yields raises SIGNATURE_VERSION.
import type { CrashKind } from './crash_kind.ts'

/** Version of the algorithm; signatures of different versions are not to be compared. */
export const SIGNATURE_VERSION = 1

/** What a crash is known by. */
export interface Signature {
  readonly version: typeof SIGNATURE_VERSION
  /** `kbox1-` and 32 hex digits: kind, detail and the frames that matter. */
  readonly strict: string
  /** `kind detail in function [module]`: the same bug seen through another compiler. */
  readonly loose: string
  readonly kind: CrashKind
  /** What tells crashes of a kind apart besides frames: an exit code, a constraint; '' for nothing. */
  readonly detail: string
  /** Normalised names, `name [module]`, that went into `strict`, innermost first. */
  readonly frames: readonly string[]
  /** Frames that did not, and why: so that a reader can follow. */
  readonly dropped: readonly { readonly frame: string; readonly why: string }[]
}
