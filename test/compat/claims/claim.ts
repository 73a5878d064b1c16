// What is claimed of a crash command: a line, whom it is measured against, and how. A claim is the only way into
// docs/crash_compatibility.md: test/compat/commands_*.test.ts runs every one of them on real dumps.
import assert from 'node:assert/strict'
import type { Program } from '../../../src/core/program/program.ts'
import type { GuestTruth } from '../../support/guest_truth.ts'

/** Who knows better. */
export type Oracle = 'crash' | 'drgn' | 'guest' | 'recipe'

/** What a command gave on one dump. */
export interface Evidence {
  readonly series: string
  readonly program: Program
  /** The line that was run. */
  readonly line: string
  /** Its text, without blank lines and trailing blanks. */
  readonly lines: readonly string[]
  /** Its blocks, as `--json` gives them. */
  readonly blocks: readonly JsonBlock[]
  /** Rows of all its tables, sections opened. */
  readonly rows: readonly JsonRow[]
}

/** A row of a table of `--json`. */
// oxlint-disable-next-line typescript/no-explicit-any
export type JsonRow = Readonly<Record<string, any>>

/** A block of `--json`; see docs/json.md. */
export interface JsonBlock {
  readonly kind: string
  // oxlint-disable-next-line typescript/no-explicit-any
  readonly [key: string]: any
}

/** A line, or how to make one for a dump: addresses differ. */
export type ClaimLine = string | ((program: Program) => string)

interface ClaimBase {
  readonly line: ClaimLine
  /** How documents show a line that is made for each dump: `kmem ADDRESS`. */
  readonly shows?: string
  /** Lines run before it, in crash as well: `set 1`. */
  readonly before?: readonly string[]
  /** It is answered by an error, whoever is asked. */
  readonly refused?: boolean
  /** A type that kernels without it have nothing to show for: `struct maple_tree`. */
  readonly needs?: string
  /** Series it cannot hold for, and why: an oracle that is wrong or does not start there. */
  readonly except?: Readonly<Record<string, string>>
}

/** Measured against what crash prints for the same line. */
export interface CrashClaim extends ClaimBase {
  readonly against: 'crash'
  check(ours: Evidence, theirs: readonly string[]): void
}

/** Measured against what drgn finds. */
export interface DrgnClaim extends ClaimBase {
  readonly against: 'drgn'
  /** Python that leaves something JSON can hold in `result`; `prog` and drgn.helpers.linux are at hand. */
  readonly python: string | ((program: Program) => string)
  // oxlint-disable-next-line typescript/no-explicit-any
  check(ours: Evidence, theirs: any): void
}

/** Measured against the guest's own files from before the crash. */
export interface GuestClaim extends ClaimBase {
  readonly against: 'guest'
  check(ours: Evidence, truth: GuestTruth): void
}

/** Measured against what must be so. */
export interface RecipeClaim extends ClaimBase {
  readonly against: 'recipe'
  /** Why nobody else can be asked, and what is checked instead. */
  readonly why: string
  check(ours: Evidence): void
}

/** Anything claimed. */
export type Claim = CrashClaim | DrgnClaim | GuestClaim | RecipeClaim

/** What is claimed of one command; a file of this folder each, named like it, listed in claims.ts. */
export type Claims = readonly Claim[]

/** Declare the claims of a command. */
export function defineClaims(claims: Claims): Claims {
  return claims
}

type Options = Partial<Omit<ClaimBase, 'line'>>

/** What changes lines before they are compared. */
export interface Edits {
  readonly ours?: (lines: readonly string[]) => readonly string[]
  readonly theirs?: (lines: readonly string[]) => readonly string[]
}

/** The line prints what crash prints, each line of it; `edits` take away what differs for a reason that is told there. */
export function sameAsCrash(line: ClaimLine, edits: Edits = {}, options: Options = {}): CrashClaim {
  return crashClaim(
    line,
    ({ lines }, theirs) => {
      assert.ok(theirs.length > 0, 'crash prints nothing')
      assert.deepEqual(edits.ours?.(lines) ?? lines, edits.theirs?.(theirs) ?? theirs)
    },
    options,
  )
}

/** The line is refused in crash's words; where crash cannot be asked it is refused all the same. */
export function refusedAsCrash(line: ClaimLine, options: Options = {}): CrashClaim {
  return sameAsCrash(line, {}, { ...options, refused: true })
}

/** Compare with crash's lines in a way of one's own. */
export function crashClaim(
  line: ClaimLine,
  check: CrashClaim['check'],
  options: Options = {},
): CrashClaim {
  return { line, against: 'crash', check, ...options }
}

/** Compare with what a piece of Python has found with drgn. */
export function drgnClaim(
  line: ClaimLine,
  python: DrgnClaim['python'],
  check: DrgnClaim['check'],
  options: Options = {},
): DrgnClaim {
  return { line, against: 'drgn', python, check, ...options }
}

/** Compare with what the guest said of itself. */
export function guestClaim(
  line: ClaimLine,
  check: GuestClaim['check'],
  options: Options = {},
): GuestClaim {
  return { line, against: 'guest', check, ...options }
}

/** Hold a line to what must be so. */
export function recipeClaim(
  line: ClaimLine,
  why: string,
  check: RecipeClaim['check'],
  options: Options = {},
): RecipeClaim {
  return { line, against: 'recipe', why, check, ...options }
}

/** Lines without those that match. */
export const without =
  (pattern: RegExp) =>
  (lines: readonly string[]): string[] =>
    lines.filter((line) => !pattern.test(line))

/** Lines with every match of a pattern replaced. */
export const replacing =
  (pattern: RegExp, by: string) =>
  (lines: readonly string[]): string[] =>
    lines.map((line) => line.replace(pattern, by))

/** Lines in an order that both agree on. */
export const sorted = (lines: readonly string[]): string[] => [...lines].sort()
