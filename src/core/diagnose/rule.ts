// What a diagnosis is: a rule that recognises one cause in a dumped kernel, and the findings it yields.
import type { KObject } from '../program/kobject.ts'
import type { Program } from '../program/program.ts'

/** One thing in the dump that speaks for a finding. */
export interface Evidence {
  /** What to look at; it is shown by address and type. */
  readonly object: KObject
  /** What it shows, as half a sentence. */
  readonly text: string
}

/** What a rule found, for people and programs alike; rules never print. */
export interface Finding {
  readonly title: string
  /** 'certain': the kernel said so itself; 'likely': the evidence fits nothing else; 'possible': worth a look. */
  readonly confidence: 'certain' | 'likely' | 'possible'
  readonly evidence: readonly Evidence[]
  /** Crash commands that show more. */
  readonly nextCommands: readonly string[]
}

/** A rule; one per file of rules/, listed in rules.ts. */
export interface Rule {
  readonly name: string
  readonly summary: string
  /** What the dump must have for the rule to run; the runner says which are missing. */
  readonly needs: readonly ('symbols' | 'types')[]
  /** @yields findings, the most confident first; none when the cause is not there */
  find(program: Program): Iterable<Finding>
}
