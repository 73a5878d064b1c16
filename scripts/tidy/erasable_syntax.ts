// Style 3: Node erases types and compiles nothing, so syntax with a meaning at run time is out. tsc's erasableSyntaxOnly
// says so too, but lets `declare enum` and `declare namespace` pass.
import { ts } from '../source_tree.ts'
import type { TidyRule } from './tidy_rule.ts'

/** Forbid `enum` and `namespace`, declared ones included. */
export const erasableSyntax: TidyRule = {
  name: 'erasable_syntax',
  summary: 'no enum and no namespace',
  *check(file) {
    for (const node of file.nodes) {
      if (ts.isEnumDeclaration(node)) {
        yield {
          line: file.lineOf(node),
          message: `enum ${node.name.text}: use a union of literals or constants`,
        }
      } else if (ts.isModuleDeclaration(node) && node.parent === file.ast) {
        yield { line: file.lineOf(node), message: 'namespace: a file is the namespace' }
      }
    }
  },
}
