// Style 42: work left over is an issue; a comment may point to it, and may not replace it.
// A limit: comments are told from strings by what precedes the word on its line, not by parsing.
import type { TidyRule } from './tidy_rule.ts'

const WORDS = ['TODO', 'FIXME', 'XXX', 'HACK'].join('|')
const MARKER = new RegExp(`(?://|/\\*|^\\s*\\*).*\\b(${WORDS})\\b(?!.*\\bissue \\d+)`)

/** Demand the number of an issue beside every mark of work left over. */
export const todoIssue: TidyRule = {
  name: 'todo_issue',
  summary: 'a TODO names its issue',
  *check(file) {
    for (const [index, text] of file.lines.entries()) {
      const marker = MARKER.exec(text)?.[1]
      if (marker)
        yield {
          line: index + 1,
          message: `${marker} without an issue: write "${marker} (issue 12): …"`,
        }
    }
  },
}
