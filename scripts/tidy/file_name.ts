// Style 5: a file is called by the concept it holds, and no concept is called utils.
import type { TidyRule } from './tidy_rule.ts'

const FORBIDDEN = new Set(['index', 'utils', 'util', 'helpers', 'helper', 'misc', 'common'])

/** Forbid names that say nothing, and spell the others alike. */
export const fileName: TidyRule = {
  name: 'file_name',
  summary: 'a file is named in snake_case after its concept, never utils.ts or index.ts',
  *check(file) {
    const name = file.path.slice(file.path.lastIndexOf('/') + 1)
    const stem = name.replace(/(\.test)?\.ts$/, '')
    if (FORBIDDEN.has(stem))
      yield { line: 1, message: `${name} says nothing: name the file after its concept` }
    else if (!/^[a-z0-9_]+$/.test(stem)) yield { line: 1, message: `${name} is not in snake_case` }
  },
}
