// The signature of a crash: equal for the same bug across reboots, KASLR and rebuilds, different for different bugs.
// Version 1 is described in docs/signature.md; a change of what it yields raises SIGNATURE_VERSION.
import { sha256 } from '../base/sha256.ts'
import type { CrashKind } from './crash_kind.ts'
import { signatureDetail } from './signature_detail.ts'
import { frameText, type DroppedFrame, type SignatureStack } from './signature_frames.ts'
import { guiltyStacks } from './signature_stacks.ts'
import type { Diagnosis, RuledFinding } from './diagnose.ts'
import type { Scene } from './scene.ts'

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
  /** Normalised names, `name [module]`, that went into `strict`, innermost first; `--` between stacks. */
  readonly frames: readonly string[]
  /** Frames that did not, and why: so that a reader can follow. */
  readonly dropped: readonly DroppedFrame[]
}

/** Between the stacks of several tasks. */
const BETWEEN = '--'
const HASH_DIGITS = 32

/** Make the signature of a crash. Never throws for what the dump lacks: it is made of less then. */
export function makeSignature(scene: Scene, diagnosis: Diagnosis): Signature {
  const verdict = knownVerdict(diagnosis)
  const kind = verdict?.kind ?? scene.words.kind
  const detail = signatureDetail(scene, kind, verdict)
  const stacks = inOrder(guiltyStacks(scene, kind, verdict))
  const frames = stacks.flatMap((stack, index) =>
    index === 0 ? stack.frames : [BETWEEN, ...stack.frames],
  )
  const text = [SIGNATURE_VERSION, kind, detail, frames.join(',')].join('|')
  const digest = sha256(new TextEncoder().encode(text)).slice(0, HASH_DIGITS)
  return {
    version: SIGNATURE_VERSION,
    strict: `kbox${SIGNATURE_VERSION}-${digest}`,
    loose: looseText(kind, detail, stacks, verdict),
    kind,
    detail,
    frames,
    dropped: stacks.flatMap(({ dropped }) => dropped),
  }
}

/** What is only possible is not what a crash is known by: a better look may find another. */
function knownVerdict({ verdict }: Diagnosis): RuledFinding | undefined {
  return verdict && verdict.confidence !== 'possible' ? verdict : undefined
}

/** A cycle has no first task. */
function inOrder(stacks: readonly SignatureStack[]): SignatureStack[] {
  const key = ({ frames }: SignatureStack): string => frames.join(',')
  const unique = new Map(stacks.map((stack) => [key(stack), stack]))
  return [...unique.values()].toSorted((a, b) => (key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0))
}

function looseText(
  kind: CrashKind,
  detail: string,
  stacks: readonly SignatureStack[],
  verdict: RuledFinding | undefined,
): string {
  const what = detail === '' ? kind : `${kind} ${detail}`
  const culprit = verdict?.culprit?.function
  const heads = stacks.flatMap(({ frames }) => frames.slice(0, 1))
  const blamed =
    culprit && heads.length < 2
      ? [frameText({ name: culprit, module: verdict.culprit?.module ?? '' })]
      : heads
  return blamed.length === 0 ? what : `${what} in ${blamed.join(', ')}`
}
