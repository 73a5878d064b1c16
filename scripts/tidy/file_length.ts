// Style 5: one concept a file. A file that needs more room than this holds two.
import { forEachNode, isFunction, ts } from '../source_tree.ts'
import type { SourceText } from '../source_tree.ts'
import type { TidyRule } from './tidy_rule.ts'

const LINES_MAX = 450

/** Bound the lines of a file; tables of constants and lists of exports do not count. */
export const fileLength: TidyRule = {
  name: 'file_length',
  summary: `a file has at most ${LINES_MAX} lines, tables of constants and lists of exports apart`,
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

/** Lines taken by top-level constants that hold data only, and by names passed on. */
function tableLines(file: SourceText): number {
  let lines = 0
  for (const statement of file.ast.statements) {
    const isData =
      ts.isVariableStatement(statement) &&
      ![...forEachNode(statement)].some((node) => isFunction(node))
    if (isData || ts.isExportDeclaration(statement))
      lines += file.text.slice(statement.pos, statement.end).split('\n').length - 1
  }
  return lines
}
