// Style 5: a name is given once, by its author, and can be grepped everywhere.
import { hasModifier, ts } from '../source_tree.ts'
import type { TidyRule } from './tidy_rule.ts'

/** Forbid `export default`. */
export const defaultExport: TidyRule = {
  name: 'default_export',
  summary: 'exports have names',
  *check(file) {
    for (const statement of file.ast.statements) {
      if (
        ts.isExportAssignment(statement) ||
        hasModifier(statement, ts.SyntaxKind.DefaultKeyword)
      ) {
        yield { line: file.lineOf(statement), message: 'default export: give it a name' }
      }
    }
  },
}
