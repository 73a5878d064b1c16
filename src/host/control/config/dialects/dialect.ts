// What a dialect is: one of the files a machine may be configured in, read into the same settings and written from them.
import type { ConfResult, Settings } from '../conf_builder.ts'

/** A file format that configures kdump. */
export interface Dialect {
  /** As `kbox config convert --to` has it. */
  readonly name: string
  /** Where its distribution keeps it, from the root. */
  readonly file: string
  /** Keys that are tried where the file names none, in order; the first stands for them while none is there. */
  readonly sshKeys: readonly string[]
  /** Read a file. All problems are collected; nothing is thrown. */
  parse(text: string): ConfResult
  /** Write a file that means the settings, with a comment for each that it cannot say. */
  format(settings: Settings): string
}
