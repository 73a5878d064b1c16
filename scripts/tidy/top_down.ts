// Style 7: a file reads top-down, from what it offers to how it does it. Functions are hoisted, so nothing forbids it.
import { isExported, isTest, ts } from '../source_tree.ts'
import type { TidyRule } from './tidy_rule.ts'

/** Forbid private functions above the first exported function or class; a script's main() comes first. */
export const topDown: TidyRule = {
  name: 'top_down',
  summary: 'the first exported function or class stands above all private functions',
  *check(file) {
    if (isTest(file.path)) return
    const exported = file.ast.statements.find(
      (node) => (ts.isFunctionDeclaration(node) || ts.isClassDeclaration(node)) && isExported(node),
    )
    for (const node of file.ast.statements) {
      if (!exported || node === exported) return
      if (ts.isFunctionDeclaration(node) && node.name?.text !== 'main') {
        yield {
          line: file.lineOf(node),
          message: `private function ${node.name?.text} stands above the first export: move it below`,
        }
      }
    }
  },
}
