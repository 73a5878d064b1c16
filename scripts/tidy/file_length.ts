// Style 5: one concept a file. A file that needs more room than this holds two.
import { forEachNode, isFunction, ts } from '../source_tree.ts'
import type { SourceText } from '../source_tree.ts'
import type { TidyRule } from './tidy_rule.ts'

const LINES_MAX = 450

/** Bound the lines of a file; tables of constants do not count. */
export const fileLength: TidyRule = {
  name: 'file_length',
  summary: `a file has at most ${LINES_MAX} lines, tables of constants apart`,
  *check(file) {
    if (file.path.endsWith('_layout.ts')) return
    // The final newline ends a line, it does not start one.
    const lines = file.lines.length - 1 - tableLines(file)
    if (lines > LINES_MAX) {
      yield {
        line: LINES_MAX + 1,
        message: `file has ${lines} lines, at most ${LINES_MAX}: split it by concept`,
      }
    }
  },
}

/** Lines taken by top-level constants that hold data only. */
function tableLines(file: SourceText): number {
  let lines = 0
  for (const statement of file.ast.statements) {
    if (!ts.isVariableStatement(statement)) continue
    const holdsCode = [...forEachNode(statement)].some((node) => isFunction(node))
    if (!holdsCode) lines += file.text.slice(statement.pos, statement.end).split('\n').length - 1
  }
  return lines
}
