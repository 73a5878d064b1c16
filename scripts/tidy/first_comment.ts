// Style 5: the first lines say what the file knows, and its source. A reader decides there whether to read on.
import type { TidyRule } from './tidy_rule.ts'

const WORDS_MIN = 4

/** Demand a comment of some words on the first line (or below a `#!`). */
export const firstComment: TidyRule = {
  name: 'first_comment',
  summary: 'a file begins with a comment that says what it knows',
  *check(file) {
    const line = file.lines[0]?.startsWith('#!') ? 2 : 1
    const words = /^\s*(?:\/\/|\/\*+)(.*)/
      .exec(file.lines[line - 1] ?? '')?.[1]
      ?.match(/[\p{L}\p{N}_]+/gu)
    if ((words?.length ?? 0) < WORDS_MIN) {
      yield { line, message: 'the first line is not a comment that says what the file knows' }
    }
  },
}
