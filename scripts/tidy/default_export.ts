// Style 5: a name is given once, by its author, and can be grepped everywhere.
import { ts } from '../source_tree.ts'
import type { TidyRule } from './tidy_rule.ts'

/** Forbid `export default`. */
export const defaultExport: TidyRule = {
  name: 'default_export',
  summary: 'exports have names',
  *check(file) {
    for (const statement of file.ast.statements) {
      const modifiers =
        'modifiers' in statement
          ? (statement.modifiers as readonly { kind: number }[] | undefined)
          : undefined
      const isDefault = modifiers?.some(
        (modifier) => modifier.kind === ts.SyntaxKind.DefaultKeyword,
      )
      if (ts.isExportAssignment(statement) || isDefault) {
        yield { line: file.lineOf(statement), message: 'default export: give it a name' }
      }
    }
  },
}
