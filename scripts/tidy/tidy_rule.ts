// What a tidy rule is: a machine-checked line of docs/style.md. One per file of this folder, listed in rules.ts.
import type { SourceText, SourceTree } from '../source_tree.ts'

/** A breach of a rule, in one file. */
export interface Finding {
  /** Counted from 1. */
  readonly line: number
  /** What is wrong and what to do, in one line. */
  readonly message: string
}

/** A rule of the house that a machine can check. */
export interface TidyRule {
  readonly name: string
  readonly summary: string
  /** Check one file; `tree` holds all of them, for rules about who knows whom. */
  check(file: SourceText, tree: SourceTree): Iterable<Finding>
}
